/** What a study comes to, in short sentences. Every number is core's. */
import { isMap } from "yaml";
import { maskPieces, onGrid } from "../../core/masks/schedule.ts";
import { count, plural, share } from "../../core/numbers.ts";
import { type Axis, keysOf, studyAxes } from "../../core/study/axes.ts";
import { configurationCount } from "../../core/study/plan.ts";
import type { ReadStudy } from "../services.ts";
import type { DocumentSummary } from "./languageStatus.ts";

/** Points that a hover lists. */
const LISTED = 12;

/** "9 configurations × 3 seeds = 27 cells, 24 to be computed"; null where the file does not say. */
export function cellsText({ partial, plan, refused, document }: ReadStudy): string | null {
  if (partial === null || refused.has("axes") || refused.has("seeds")) return null;
  const axes = document.target(document.find("axes")?.value ?? null);
  // Of an axis that cannot be used the points are not known.
  if (isMap(axes) && axes.items.length !== Object.keys(partial.axes).length) return null;
  const configurations = configurationCount(partial);
  const seeds = typeof partial.seeds === "number" ? partial.seeds : partial.seeds.length;
  const cells = plural(configurations * seeds, "cell");
  const all = `${plural(configurations, "configuration")} × ${plural(seeds, "seed")} = ${cells}`;
  if (plan === null) return all;
  const trained = plan.cells.filter(({ runs }) => runs.length > 0);
  const different = new Set(trained.map(({ key }) => key)).size;
  return different === plan.cells.length ? all : `${all}, ${count(different)} to be computed`;
}

export function studySummary(read: ReadStudy): DocumentSummary {
  return { text: cellsText(read) ?? "" };
}

/** What a key of the study comes to. */
export function studyKeyFacts(path: string, read: ReadStudy): string[] {
  if (path === "axes" || path === "seeds") {
    const cells = cellsText(read);
    const runs = read.plan === null ? [] : [`${plural(read.plan.runs.size, "training")}, each computed once.`];
    return cells === null ? [] : [`${cells}.`, ...runs];
  }
  return [];
}

/** The points of an axis, each with what the mask comes to, where the axis decides that. */
export function axisFacts(name: string, read: ReadStudy): string[] {
  if (read.partial === null) return [];
  const axes = studyAxes(read.partial);
  const at = axes.findIndex((axis) => axis.name === name);
  const axis = axes[at];
  if (axis === undefined) return [];
  const points = axis.points.slice(0, LISTED).map(({ label }, p) => {
    const mask = maskText(axis, at, p, read);
    return mask === null ? label : `${label}: ${mask}`;
  });
  const more = axis.points.length - points.length;
  return [...points, ...(more > 0 ? [`and ${more} more`] : [])];
}

function maskText(axis: Axis, at: number, point: number, { plan }: ReadStudy): string | null {
  if (plan === null || !keysOf(axis).some((key) => key.startsWith("mask.") || key === "model.patch_size")) return null;
  const texts = new Set<string>();
  for (const { configuration, experiment } of plan.cells) {
    if (plan.configurations[configuration]!.points[at] !== point || experiment === null) continue;
    const { mask, pretrain, data, model } = experiment;
    const pieces = onGrid(maskPieces(mask, "pretrain", pretrain.steps), data.image_size / model.patch_size);
    if (pieces === null || plan.configurations[configuration]!.problems.length > 0) return null;
    texts.add(
      pieces
        .map(
          ({ geometry }) =>
            `S = ${geometry.visibleTokens} of ${geometry.tokens} tokens (${share(geometry.effectiveRate)})`,
        )
        .join(", then "),
    );
  }
  return texts.size === 1 ? [...texts][0]! : null;
}
