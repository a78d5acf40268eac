/** Images that were drawn when a cell was evaluated. */
import { join } from "node:path";
import { cellEvaluation, type StudyFacts } from "../../core/study/cellState.ts";
import type { SampleStrip } from "../../core/study/charts/sampleStrips.ts";
import type { Cell, StudyPlan } from "../../core/study/plan.ts";
import { evaluationsFolder } from "../run/evaluations.ts";
import { pagedImages } from "../run/samplePages.ts";

/**
 * The first of them.
 * @param most images
 * @returns null where it was not evaluated, or the images are gone: an evaluation draws them again
 */
export function cellSamples(
  cell: Cell,
  plan: StudyPlan,
  facts: StudyFacts,
  { runsDir, most }: { readonly runsDir: string; readonly most: number },
): SampleStrip | null {
  const evaluation = cellEvaluation(cell, plan, facts);
  if (evaluation === null || cell.experiment === null) return null;
  const { image_size: side, channels } = cell.experiment.data;
  const count = Math.min(most, evaluation.samples);
  try {
    const folder = evaluationsFolder(join(runsDir, cell.runs.at(-1)!.id));
    const images = pagedImages(join(folder, evaluation.drawn), { count, side, channels });
    return { row: cell.configuration, seed: cell.seed, count, side, channels, pixels: images.read(0, count) };
  } catch {
    return null;
  }
}
