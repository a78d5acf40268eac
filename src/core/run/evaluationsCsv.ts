/** Evaluations as comma-separated values: one row each. */
import { type CsvCell, csvText } from "../csvField.ts";
import type { Evaluation } from "./evaluations.ts";

export interface EvaluatedRun {
  readonly id: string;
  readonly label: string;
  readonly evaluations: readonly Evaluation[];
}

type Columns<Cell> = Readonly<Record<string, (evaluation: Evaluation) => Cell>>;

const FACTS: Columns<CsvCell> = {
  time: ({ time }) => time,
  stage: ({ stage }) => stage,
  step: ({ step }) => step,
  weights: ({ weights }) => weights,
  samples: ({ samples }) => samples,
  seed: ({ seed }) => seed,
  sampler: ({ sampler }) => sampler,
  samplerSteps: ({ samplerSteps }) => samplerSteps,
  eta: ({ eta }) => eta,
  space: ({ space }) => space,
  data: ({ data }) => data,
  trainingImages: ({ trainingImages }) => trainingImages,
  heldOutImages: ({ heldOutImages }) => heldOutImages,
};

/** What an evaluation measured, by the names of columns; null: it was not measured. */
export const EVALUATION_MEASURES: Columns<number | null> = {
  kid: ({ kid }) => kid.value,
  kidStandardError: ({ kid }) => kid.standardError,
  kidLow: ({ kid }) => kid.low,
  kidHigh: ({ kid }) => kid.high,
  kidHeldOut: ({ kidHeldOut }) => kidHeldOut?.value ?? null,
  kidHeldOutStandardError: ({ kidHeldOut }) => kidHeldOut?.standardError ?? null,
  kidFloor: ({ kidFloor }) => kidFloor.value,
  kidFloorStandardError: ({ kidFloor }) => kidFloor.standardError,
  frechetDistance: ({ frechet }) => frechet.distance,
  frechetComponents: ({ frechet }) => frechet.components,
  precision: ({ precision }) => precision,
  recall: ({ recall }) => recall,
  density: ({ density }) => density,
  coverage: ({ coverage }) => coverage,
  borderRatio: ({ look }) => look?.borderRatio?.value ?? null,
  borderRatioStandardError: ({ look }) => look?.borderRatio?.standardError ?? null,
  grain: ({ look }) => look?.grain?.value ?? null,
  grainStandardError: ({ look }) => look?.grain?.standardError ?? null,
  flatBackground: ({ look }) => look?.flatBackground?.value ?? null,
  flatBackgroundStandardError: ({ look }) => look?.flatBackground?.standardError ?? null,
  copies: ({ copying }) => copying.share,
  near: ({ copying }) => copying.near,
  nearUnseen: ({ copying }) => copying.nearUnseen,
  nearCopies: ({ copying }) => copying.nearCopies?.share ?? null,
  nearCopiesUnseen: ({ copying }) => copying.nearCopies?.unseen ?? null,
};

const FURTHER_FACTS: Columns<CsvCell> = {
  copyingSpace: ({ copying }) => copying.space,
  clip: ({ clip }) => (clip === undefined ? null : String(clip)),
  guidance: ({ guidance }) => guidance?.scale ?? 1,
  guidanceFrom: ({ guidance }) => guidance?.from ?? null,
  guidanceTo: ({ guidance }) => guidance?.to ?? null,
  classes: ({ classes }) => classes?.join(" and ") ?? null,
};

const COLUMNS: Columns<CsvCell> = { ...FACTS, ...EVALUATION_MEASURES, ...FURTHER_FACTS };

export function evaluationsCsv(runs: readonly EvaluatedRun[]): string {
  const rows = runs.flatMap(({ id, label, evaluations }) =>
    evaluations.map((evaluation) => [id, label, ...Object.values(COLUMNS).map((of) => of(evaluation))]),
  );
  return csvText([["run", "label", ...Object.keys(COLUMNS)], ...rows]);
}
