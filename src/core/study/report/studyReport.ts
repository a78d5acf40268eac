/** What a report of a study is made from: plain data, gathered from the run folders by who may read them. */
import type { CurveAxis, CurveMeasure, SeedCurve } from "../charts/seedCurves.ts";
import type { StudyConfig } from "../schema.ts";
import type { StudyTable } from "../table.ts";

export interface StudyReport {
  readonly name: string;
  /** ISO 8601 */
  readonly madeAt: string;
  /** version of the program that made the report */
  readonly madeBy: string;
  /** names of the files without their folders, and their texts */
  readonly studyFile: string;
  readonly studyText: string;
  readonly baseFile: string;
  readonly baseText: string;
  readonly study: StudyConfig;
  readonly table: StudyTable;
  readonly curves: readonly CurveFigure[];
  readonly samples: readonly SampleFigure[];
  /** null: nothing was evaluated */
  readonly evaluation: EvaluationFacts | null;
  readonly runs: readonly ReportedRun[];
  /** lines for people on each machine that trained, and each set of software */
  readonly machines: readonly string[];
  readonly software: readonly string[];
  /** command lines that compute the study, and this report, again */
  readonly commands: readonly string[];
}

export interface CurveFigure {
  readonly measure: CurveMeasure;
  readonly axis: CurveAxis;
  readonly curves: readonly SeedCurve[];
}

export interface SampleFigure {
  /** index of its row in the table */
  readonly row: number;
  readonly seed: number;
  readonly count: number;
  /** of the picture, one row of images */
  readonly width: number;
  readonly height: number;
  /** data: URI */
  readonly picture: string;
}

/** Of the evaluations that a study's cells have: numbers of images and what chance comes to are those of the first. */
export interface EvaluationFacts {
  readonly space: string;
  /** sampler, steps, guidance and weights, all that there are */
  readonly drawnBy: string;
  /** what its Fréchet distance may be called */
  readonly frechetName: "FID" | "Fréchet distance";
  readonly trainingImages: number;
  readonly heldOutImages: number;
  /** standard error of a single evaluation's metric, mean; null: it has none */
  readonly error: number | null;
  readonly floorAgainst: "held-out images" | "training images";
}

export interface ReportedRun {
  readonly id: string;
  readonly stage: "pretrain" | "finetune";
  readonly steps: number | null;
  readonly seconds: number | null;
  /** operations of the matrix products of its steps */
  readonly flops: number | null;
  readonly command: string;
}
