/** Which places outside an experiment's text the lint asks about. */
import type { ExperimentReading } from "../../core/experiment/read.ts";

export interface FactSources {
  /** data.path as written; null: not known */
  readonly dataPath: string | null;
  /** data.ignore as written */
  readonly ignore: readonly string[];
  /** finetune.from as written; null: none */
  readonly from: string | null;
}

export function factSources({ experiment, refused }: Pick<ExperimentReading, "experiment" | "refused">): FactSources {
  return {
    dataPath: experiment === null || refused.has("data.path") ? null : experiment.data.path,
    ignore: experiment?.data.ignore ?? [],
    from: experiment?.finetune.from ?? null,
  };
}
