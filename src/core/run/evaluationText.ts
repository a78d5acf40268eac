/** An evaluation for people. */
import { count, percent, plural, short } from "../numbers.ts";
import type { Evaluation } from "./evaluations.ts";

/** A heading, and a line for each measure. */
export function evaluationText(evaluation: Evaluation): string {
  const { kid, kidFloor, frechet, copying, heldOutImages, trainingImages, trainingImagesOf } = evaluation;
  const training =
    trainingImages === trainingImagesOf
      ? plural(trainingImages, "training image")
      : `${count(trainingImages)} of ${plural(trainingImagesOf, "training image")}`;
  const unseen = { "held-out images": "held-out images", "training images": "training images left out for it" };
  const rows = [
    ["KID", `${short(kid.value)} ± ${short(kid.standardError)}`, `95 %: ${short(kid.low)} to ${short(kid.high)}`],
    [
      "KID floor",
      `${short(kidFloor.value)} ± ${short(kidFloor.standardError)}`,
      `half of the training images against ${kidFloor.against === "held-out images" ? `${count(heldOutImages)} held-out ones` : "the other half"}`,
    ],
    [
      evaluation.space === "inception-2015" && frechet.components === null ? "FID" : "Fréchet distance",
      short(frechet.distance),
      frechet.components === null ? "" : `in ${plural(frechet.components, "principal component")}`,
    ],
    ["precision", short(evaluation.precision), ""],
    ["recall", short(evaluation.recall), ""],
    ["density", short(evaluation.density), ""],
    ["coverage", short(evaluation.coverage), ""],
    [
      "copies",
      percent(copying.share),
      `${percent(copying.near)} of the samples are near a training image, ${percent(copying.nearUnseen)} of ${unseen[copying.unseen]} (${copying.space})`,
    ],
  ] as const;
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    `${evaluation.run}, ${evaluation.stage} step ${evaluation.step}: ${plural(evaluation.samples, "sample")} against ${training} in ${evaluation.space}`,
    ...rows.map(([name, value, more]) =>
      `  ${name.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${more}`.trimEnd(),
    ),
    ...(evaluation.note === undefined ? [] : [`  note: ${evaluation.note}`]),
  ].join("\n");
}
