/** What the table of evaluations shows of each. */
import type { Measured } from "../../src/core/evaluation/look.ts";
import { percent, short } from "../../src/core/numbers.ts";
import type { Evaluation } from "../../src/core/run/evaluations.ts";
import { frechetName, withError } from "../../src/core/run/evaluationText.ts";

export interface QualityColumn {
  readonly id: string;
  readonly title: string;
  /** what it is, and which way is better */
  readonly hint: string;
  /** null or undefined: it was not measured, or cannot be */
  readonly value: (evaluation: Evaluation) => number | null | undefined;
  readonly text: (evaluation: Evaluation) => string;
  /** more of this one, for who points at it */
  readonly detail?: (evaluation: Evaluation) => string;
}

const minus = (text: string): string => text.replaceAll("-", "−");

const withErrorOf = (
  of: (evaluation: Evaluation) => Measured | null | undefined,
): Pick<QualityColumn, "value" | "text"> => ({
  value: (evaluation) => of(evaluation)?.value,
  text(evaluation) {
    const measured = of(evaluation);
    return measured ? minus(withError(measured.value, measured.standardError, 2)) : "–";
  },
});

export const QUALITY_COLUMNS: readonly QualityColumn[] = [
  {
    id: "kid",
    title: "KID",
    hint: "Kernel distance of samples and training images, with its standard error; less is better, the floor is what chance alone gives",
    ...withErrorOf(({ kid }) => kid),
  },
  {
    id: "kidHeldOut",
    title: "KID, held-out",
    hint: "The same to images that were kept out of training: less is better, and far above KID speaks of copies",
    ...withErrorOf(({ kidHeldOut }) => kidHeldOut),
  },
  {
    id: "frechet",
    title: "Fréchet distance",
    hint: "Less is better; called FID for Inception of 2015 alone; in how many principal components, where images are few",
    value: ({ frechet }) => frechet.distance,
    text: (evaluation) => {
      const { distance, components } = evaluation.frechet;
      const name = frechetName(evaluation) === "FID" ? "FID " : "";
      return `${name}${short(distance)}${components === null ? "" : ` (${components})`}`;
    },
  },
  {
    id: "precision",
    title: "Precision",
    hint: "Share of samples among the training images: more is better",
    value: ({ precision }) => precision,
    text: ({ precision }) => short(precision),
  },
  {
    id: "recall",
    title: "Recall",
    hint: "Share of training images among the samples: more is better",
    value: ({ recall }) => recall,
    text: ({ recall }) => short(recall),
  },
  {
    id: "density",
    title: "Density",
    hint: "How densely training images lie around samples: about 1 at best",
    value: ({ density }) => density,
    text: ({ density }) => short(density),
  },
  {
    id: "coverage",
    title: "Coverage",
    hint: "Share of training images with a sample close by: more is better",
    value: ({ coverage }) => coverage,
    text: ({ coverage }) => short(coverage),
  },
  {
    id: "borderRatio",
    title: "Border ratio",
    hint: "Jumps across patch borders over jumps inside patches, relative to the training images: at 1 no squares show",
    ...withErrorOf(({ look }) => look?.borderRatio),
  },
  {
    id: "grain",
    title: "Grain",
    hint: "Energy that a 3 x 3 median takes away, relative to the training images: at 1 as clean as these",
    ...withErrorOf(({ look }) => look?.grain),
  },
  {
    id: "flatBackground",
    title: "Flat background",
    hint: "Share of pixels of the background's colour, relative to the training images: at 1 as plain as theirs",
    ...withErrorOf(({ look }) => look?.flatBackground),
  },
  {
    id: "copies",
    title: "Copies",
    hint: "Estimated share of copies of training images among the samples: less is better",
    value: ({ copying }) => copying.share,
    text: ({ copying }) => percent(copying.share),
    detail: ({ copying }) =>
      `${percent(copying.near)} of the samples are near a training image, ${percent(copying.nearUnseen)} of unseen images (${copying.unseen})`,
  },
  {
    id: "nearCopies",
    title: "Near copies",
    hint: "Share of samples less than a third as far from the nearest training image as from the second, and of unseen images: less is better",
    value: ({ copying }) => copying.nearCopies?.share,
    text: ({ copying: { nearCopies } }) =>
      nearCopies === undefined ? "–" : `${percent(nearCopies.share)} (${percent(nearCopies.unseen)})`,
    detail: ({ copying: { nearCopies, unseen } }) =>
      nearCopies === undefined
        ? "Not measured"
        : `${percent(nearCopies.share)} of the samples, ${percent(nearCopies.unseen)} of unseen images (${unseen})`,
  },
];
