/** The fixed names in a run folder, and reading the two that identify it. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { Parsed } from "../../core/run/format.ts";
import { parseRun, type RunRecord } from "../../core/run/record.ts";
import { errorCode } from "./files.ts";
import { readText } from "./readText.ts";
import { readDocument } from "./status.ts";

export const RUN_FILE = "run.json";
/** The experiment as it was run: the user's file with the overrides of the command line written in. */
export const EXPERIMENT_FILE = "experiment.maskdm.yaml";

export const checkpointsFolder = (runDir: string): string => join(runDir, "checkpoints");

export const readRun = (runDir: string): Parsed<RunRecord> => readDocument(runDir, RUN_FILE, parseRun);

/** sha256:… of the text's UTF-8 bytes. */
export const configHash = (experimentText: string): string =>
  `sha256:${createHash("sha256").update(experimentText).digest("hex")}`;

/** Text of a run's frozen experiment file. @throws UserError if it cannot be read */
export function readExperimentText(runDir: string): string {
  const path = join(runDir, EXPERIMENT_FILE);
  try {
    return readText(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read (${errorCode(error) ?? String(error)}). Is ${runDir} a run folder?`);
  }
}
