/** An evaluation for people. */

import { count, percent, plural, short } from "../numbers.ts";
import { INCEPTION } from "./evaluationSpaces.ts";
import type { Evaluation } from "./evaluations.ts";
import { guidanceText } from "./guidanceRecord.ts";

/** A measure: its name, its value, and what else is to be known of it; "": nothing. */
export type MeasureRow = readonly [name: string, value: string, more: string];

/** Only one network's Fréchet distance is called FID, and only where no features were left out. */
export const frechetName = ({ space, frechet }: Evaluation): "FID" | "Fréchet distance" =>
  space === INCEPTION && frechet.components === null ? "FID" : "Fréchet distance";

/** A value to as many decimals as its error leaves it: "0.012 ± 0.002". @param digits significant ones of the error */
export function withError(value: number, error: number, digits: 1 | 2 = 1): string {
  if (!(error > 0) || !Number.isFinite(error)) return `${short(value)} ± ${short(error)}`;
  const rounded = Number(error.toPrecision(digits));
  const decimals = Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(rounded))));
  // No "-0.000".
  return `${(Number(value.toFixed(decimals)) + 0).toFixed(decimals)} ± ${error.toFixed(decimals)}`;
}

/** For a line among other facts: "KID 0.012 ± 0.002". */
export const kidText = ({ kid }: Evaluation): string => `KID ${withError(kid.value, kid.standardError)}`;

/** "1,000 samples in efficientnet-lite0 by ddim, 100 steps, seed 0" */
export function measuredWith(evaluation: Evaluation): string {
  const { samples, space, sampler, samplerSteps, eta, guidance, classes, clip, seed, weights } = evaluation;
  return [
    `${plural(samples, "sample")} in ${space} by ${sampler}`,
    plural(samplerSteps, "step"),
    ...(eta === null ? [] : [`eta ${short(eta)}`]),
    ...(guidance === undefined ? [] : [guidanceText(guidance)]),
    ...(classes === undefined ? [] : [`of ${classes.join(" and ")}`]),
    ...(clip === false ? ["not clamped"] : []),
    `seed ${seed}`,
    ...(weights === "raw" ? ["weights not averaged"] : []),
  ].join(", ");
}

const kidRow = (name: string, { value, standardError, low, high }: Evaluation["kid"]): MeasureRow => [
  name,
  `${short(value)} ± ${short(standardError)}`,
  `95 %: ${short(low)} to ${short(high)}`,
];

/** Those that need no network; none of an evaluation by an earlier version. */
function lookRows({ look }: Evaluation): MeasureRow[] {
  if (look === undefined) return [];
  const row = (name: string, measured: typeof look.grain, one: string): MeasureRow => [
    name,
    measured === null ? "–" : withError(measured.value, measured.standardError, 2),
    measured === null ? "cannot be told of these images" : one,
  ];
  return [
    row("border ratio", look.borderRatio, "1: no patch borders show"),
    row("grain", look.grain, "1: as clean as the training images"),
    row("flat background", look.flatBackground, "1: as plain as that of the training images"),
  ];
}

export function evaluationRows(evaluation: Evaluation): readonly MeasureRow[] {
  const { kid, kidHeldOut, kidFloor, frechet, copying, heldOutImages } = evaluation;
  const unseen = { "held-out images": "held-out images", "training images": "training images left out for it" };
  const { nearCopies } = copying;
  return [
    kidRow("KID", kid),
    ...(kidHeldOut ? [kidRow("KID, held-out", kidHeldOut)] : []),
    [
      "KID floor",
      `${short(kidFloor.value)} ± ${short(kidFloor.standardError)}`,
      `half of the training images against ${kidFloor.against === "held-out images" ? `${count(heldOutImages)} held-out ones` : "the other half"}`,
    ],
    [
      frechetName(evaluation),
      short(frechet.distance),
      frechet.components === null ? "" : `in ${plural(frechet.components, "principal component")}`,
    ],
    ["precision", short(evaluation.precision), ""],
    ["recall", short(evaluation.recall), ""],
    ["density", short(evaluation.density), ""],
    ["coverage", short(evaluation.coverage), ""],
    ...lookRows(evaluation),
    [
      "copies",
      percent(copying.share),
      `${percent(copying.near)} of the samples are near a training image, ${percent(copying.nearUnseen)} of ${unseen[copying.unseen]} (${copying.space})`,
    ],
    ...(nearCopies === undefined
      ? []
      : [
          [
            "near copies",
            percent(nearCopies.share),
            `less than a third as far from a training image as from the second nearest; ${percent(nearCopies.unseen)} of ${unseen[copying.unseen]}`,
          ] as const,
        ]),
  ];
}

/** "60 training images", or how many of them */
export const trainingText = ({ trainingImages, trainingImagesOf }: Evaluation): string =>
  trainingImages === trainingImagesOf
    ? plural(trainingImages, "training image")
    : `${count(trainingImages)} of ${plural(trainingImagesOf, "training image")}`;

/** A heading, and a line for each measure. */
export function evaluationText(evaluation: Evaluation): string {
  const { run, stage, step, samples, space } = evaluation;
  const rows = evaluationRows(evaluation);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    `${run}, ${stage} step ${step}: ${plural(samples, "sample")} against ${trainingText(evaluation)} in ${space}`,
    ...rows.map(([name, value, more]) =>
      `  ${name.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${more}`.trimEnd(),
    ),
    ...(evaluation.note === undefined ? [] : [`  note: ${evaluation.note}`]),
  ].join("\n");
}
