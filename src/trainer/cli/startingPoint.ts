/** Weights that a new run starts from. */
import { basename } from "node:path";
import { UserError } from "../../core/errors.ts";
import { WEIGHT_FILES } from "../../core/run/checkpointState.ts";
import { factsOfSource } from "../../node/facts/checkpointFacts.ts";
import { resolveSource } from "../../node/run/resolve.ts";
import { readRun } from "../../node/run/runFiles.ts";
import type { StartingPoint } from "./training.ts";

/**
 * @param named run, id of a run, checkpoint folder or file of weights
 * @param weights which of a checkpoint's; a file named outright is taken whatever this says
 * @throws UserError where there are none
 */
export function startingPoint(named: string, weights: "raw" | "ema", runsDir: string): StartingPoint {
  const source = resolveSource(named, [runsDir]);
  const weightsFile = weights === "ema" ? source.emaFile : source.modelFile;
  if (weightsFile === undefined) {
    throw new UserError(`${source.modelFile} has no averaged weights beside it. Set finetune.weights: raw.`);
  }
  const taken = basename(weightsFile) === WEIGHT_FILES.ema ? "ema" : weights;
  const run = source.runDir === undefined ? null : readRun(source.runDir);
  return {
    weights: { kind: "start", file: weightsFile },
    parent: { run: run?.ok ? run.value.id : null, checkpoint: weightsFile, step: source.step, weights: taken },
    trainedWith: factsOfSource(source, named),
    notes: [...source.notes, `starting from the ${taken} weights in ${weightsFile}`],
  };
}
