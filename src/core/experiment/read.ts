/** Text to experiment, as far as it goes. */
import { experimentKeys } from "./keys.ts";
import { type FileReading, readFile } from "./readFile.ts";
import type { Experiment } from "./schema.ts";

export interface ExperimentReading extends Omit<FileReading<Experiment>, "value"> {
  /** the file's values without those that were refused; defaults stand in for them. null where nothing can be made of the text */
  readonly experiment: Experiment | null;
}

/** Never throws; an experiment without diagnostics of severity error is complete and valid. */
export function readExperiment(text: string): ExperimentReading {
  const { value, ...reading } = readFile(experimentKeys(), text);
  return { ...reading, experiment: value };
}
