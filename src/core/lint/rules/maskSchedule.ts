/** Borders between the pieces of a mask that changes over pretraining. */
import { borderStep, type MaskPiece, pieceName, type RatePiece } from "../../masks/schedule.ts";
import { plural } from "../../numbers.ts";
import type { LintContext, Rule } from "../rule.ts";
import { pretrains } from "./maskText.ts";

interface Entry {
  readonly entry: RatePiece;
  readonly piece: MaskPiece;
  readonly isLast: boolean;
  /** the key of its border */
  readonly at: string;
}

/** The entries of the list; none where the mask does not change. */
function entries(context: LintContext): Entry[] {
  const { rate } = context.experiment.mask;
  if (typeof rate === "number" || !pretrains(context)) return [];
  const pieces = context.pieces;
  return rate.map((entry, i) => ({
    entry,
    piece: pieces[i]!,
    isLast: i === rate.length - 1,
    at: `${pieceName(i)}.until`,
  }));
}

/** "0.5 (step 500 of 1000)", "500" */
const borderText = (until: number, steps: number): string =>
  until < 1 ? `${until} (step ${borderStep(until, steps)} of ${steps})` : String(until);

const pieceEnd: Rule = {
  code: "MDM320",
  name: "mask-piece-end",
  severity: "error",
  explanation:
    "Every piece of `mask.rate` but the last needs `until`: the step, or the share of `pretrain.steps`, at which the next one begins. The last one holds to the end of pretraining and has none, or exactly `pretrain.steps`.",
  fix: "Removes the last piece's `until`.",
  *check(context) {
    const { steps } = context.experiment.pretrain;
    for (const { entry, piece, isLast, at } of entries(context)) {
      const { until } = entry;
      if (until === undefined && !isLast) {
        yield {
          at: [at, piece.name],
          message: `${piece.name} does not say where it ends. Add until: a step, such as ${Math.max(1, Math.round(steps / 2))}, or a share of the ${plural(steps, "step")}, such as 0.5.`,
        };
      }
      if (until === undefined || !isLast || borderStep(until, steps) === steps) continue;
      const percent = until === 1 ? " 1 is a step, not 100 %." : "";
      yield {
        at: [at],
        message: `${at} ${borderText(until, steps)} is not the end of pretraining, which has ${plural(steps, "step")}: the last piece holds to its end.${percent} Leave until out, or add a piece behind it.`,
        fix: { title: "Remove until", remove: [at] },
      };
    }
  },
};

const pieceWithoutStep: Rule = {
  code: "MDM321",
  name: "mask-piece-without-step",
  severity: "error",
  explanation:
    "Borders must ascend and lie before the end of pretraining, so that every piece of `mask.rate` has at least one step. Shares count by the step that they come to.",
  fix: null,
  *check(context) {
    const { steps } = context.experiment.pretrain;
    let before: Entry | null = null;
    for (const found of entries(context)) {
      const { entry, piece, at, isLast } = found;
      const begins = before && `${before.at} ${borderText(before.entry.until ?? steps, steps)}`;
      const isOwn = entry.until !== undefined && !isLast;
      // Where a border is missing, that is the thing to tell.
      const isKnown = before === null || before.entry.until !== undefined;
      before = found;
      if (!isKnown || (piece.from < steps && piece.until > piece.from)) continue;
      yield {
        at: isOwn ? [at, piece.name] : [piece.name],
        message:
          piece.from >= steps
            ? `${piece.name} has no step: it begins with ${begins}, and pretraining has ${plural(steps, "step")}.`
            : `${piece.name} has no step: it begins at step ${piece.from}, with ${begins}, and ends with until ${borderText(entry.until ?? steps, steps)}. Borders must ascend.`,
      };
    }
  },
};

const shareOfNothing: Rule = {
  code: "MDM322",
  name: "mask-share-of-nothing",
  severity: "warning",
  explanation:
    "A share in `until` comes to less than half a step. A piece has at least one step, so the border is at step 1, which is hardly what is meant.",
  fix: null,
  *check(context) {
    const { steps } = context.experiment.pretrain;
    for (const { entry, piece, at, isLast } of entries(context)) {
      const { until } = entry;
      if (until === undefined || until >= 1 || isLast || Math.round(until * steps) > 0) continue;
      yield {
        at: [at],
        message: `${at} ${until} of ${plural(steps, "step")} is less than a step: ${piece.name} gets step 0 alone. Write until: 1 if that is meant.`,
      };
    }
  },
};

const untilOne: Rule = {
  code: "MDM323",
  name: "mask-until-one",
  severity: "warning",
  explanation:
    "`until: 1` is step 1, so the piece is a single step long; shares are numbers below 1, and 100 % is written by leaving `until` out.",
  fix: null,
  *check(context) {
    const { steps } = context.experiment.pretrain;
    for (const { entry, piece, at, isLast } of entries(context)) {
      if (entry.until !== 1 || isLast || steps < 10) continue;
      yield {
        at: [at],
        message: `${at} 1 is step 1, not 100 %: ${piece.name} is a single step long. For a share write a number below 1; a piece that holds to the end has no until and none behind it.`,
      };
    }
  },
};

export const MASK_SCHEDULE_RULES: readonly Rule[] = [pieceEnd, pieceWithoutStep, shareOfNothing, untilOne];
