/** What the table of evaluations shows of each. */
import { percent, short } from "../../src/core/numbers.ts";
import type { Evaluation } from "../../src/core/run/evaluations.ts";
import { frechetName, withError } from "../../src/core/run/evaluationText.ts";

export interface QualityColumn {
  readonly id: string;
  readonly title: string;
  /** what it is, and which way is better */
  readonly hint: string;
  readonly value: (evaluation: Evaluation) => number;
  readonly text: (evaluation: Evaluation) => string;
}

const minus = (text: string): string => text.replaceAll("-", "−");

export const QUALITY_COLUMNS: readonly QualityColumn[] = [
  {
    id: "kid",
    title: "KID",
    hint: "Kernel distance of samples and training images, with its standard error; less is better, the floor is what chance alone gives",
    value: ({ kid }) => kid.value,
    text: ({ kid }) => minus(withError(kid.value, kid.standardError, 2)),
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
    id: "copies",
    title: "Copies",
    hint: "Estimated share of copies of training images among the samples: less is better",
    value: ({ copying }) => copying.share,
    text: ({ copying }) => percent(copying.share),
  },
];
