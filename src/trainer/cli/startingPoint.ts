/** Weights that a new run starts from. */
import { basename } from "node:path";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import { type CheckpointFacts, networkMask } from "../../core/lint/facts.ts";
import { WEIGHT_FILES } from "../../core/run/checkpointState.ts";
import { resolveSource, type Source } from "../../node/run/resolve.ts";
import { readRun } from "../../node/run/runFiles.ts";
import type { Io } from "./io.ts";
import { readExperimentFile } from "./loadExperiment.ts";
import type { StartingPoint } from "./training.ts";

/**
 * @param named run, id of a run, checkpoint folder or file of weights
 * @param weights which of a checkpoint's; a file named outright is taken whatever this says
 * @throws UserError where there are none
 */
export function startingPoint(named: string, weights: "raw" | "ema", runsDir: string, io: Io): StartingPoint {
  const source = resolveSource(named, [runsDir]);
  for (const note of source.notes) io.stderr(note);
  const weightsFile = weights === "ema" ? source.emaFile : source.modelFile;
  if (weightsFile === undefined) {
    throw new UserError(`${source.modelFile} has no averaged weights beside it. Set finetune.weights: raw.`);
  }
  const taken = basename(weightsFile) === WEIGHT_FILES.ema ? "ema" : weights;
  io.stderr(`starting from the ${taken} weights in ${weightsFile}`);
  const run = source.runDir === undefined ? null : readRun(source.runDir);
  return {
    weights: { kind: "start", file: weightsFile },
    parent: { run: run?.ok ? run.value.id : null, checkpoint: weightsFile, step: source.step, weights: taken },
    trainedWith: trainedWith(source, named),
  };
}

/** What the shapes of weights do not show, or not in one word: network, heads, kinds of layers, diffusion, numbers of classes. */
function trainedWith({ experimentFile, classes }: Source, name: string): CheckpointFacts {
  const known = { name, ...(classes === null ? {} : { classes }) };
  const parsed = experimentFile === undefined ? null : parseExperiment(readExperimentFile(experimentFile));
  if (!parsed?.ok) return known;
  const { diffusion, mask } = parsed.experiment;
  const { backbone, num_heads, qk_norm, norm, mlp, num_classes } = parsed.experiment.model;
  return {
    ...known,
    // Weights without classes miss whole tensors, which the list of shapes shows best.
    model: { backbone, num_heads, qk_norm, norm, mlp, ...(num_classes === 0 ? {} : { num_classes }) },
    mask: networkMask(mask),
    diffusion,
  };
}
