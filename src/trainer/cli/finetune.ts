/** `maskdm finetune FILE --from R`: stage 2, on whole images. */
import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { CheckpointFacts } from "../../core/lint/facts.ts";
import { WEIGHT_FILES } from "../../core/run/checkpointState.ts";
import type { Source } from "../../node/run/resolve.ts";
import type { Io } from "./io.ts";
import { readExperimentFile } from "./loadExperiment.ts";
import { addEndings, addExamples, addRunOptions, type RunOptions } from "./options.ts";
import type { StartingPoint } from "./training.ts";

export interface FinetuneOptions extends RunOptions {
  readonly from?: string;
  readonly fromScratch?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = addRunOptions(
    program
      .command("finetune")
      .description("Train on whole images, from the weights of a pretraining run. Prints the run's folder.")
      .argument("<file>", "experiment file (*.maskdm.yaml)")
      .option("--from <run>", "run, checkpoint folder or model.safetensors to start from (default: finetune.from)")
      .option("--from-scratch", "start from new weights: the baseline that pretraining is compared with"),
  ).action(async (file: string, options: FinetuneOptions) => {
    const { startRun, overridesOf } = await import("./training.ts");
    const source = await findSource(file, options, overridesOf(options, "finetune"), io);
    await startRun(file, "finetune", options, source, io);
  });
  addEndings(command, "maskdm queue add FILE --stage finetune --from RUN");
  addExamples(command, [
    ["maskdm finetune faces.maskdm.yaml --from runs/2026-01-31-faces-pretrain-01", "from a run's newest checkpoint"],
    ["maskdm finetune faces.maskdm.yaml --from runs/a/checkpoints/step-00010000", "from a certain checkpoint"],
    ["maskdm finetune faces.maskdm.yaml --from a --set finetune.weights=ema", "from the averaged weights"],
  ]);
}

/**
 * The weights that --from or the file names; null: new ones were asked for.
 * @param text the experiment, where it is not the file's text as it stands
 */
export async function findSource(
  file: string,
  options: FinetuneOptions,
  overrides: Parameters<typeof parseExperiment>[1],
  io: Io,
  text: string = readExperimentFile(file),
): Promise<StartingPoint | null> {
  if (options.fromScratch) {
    if (options.from !== undefined) throw new UserError("--from and --from-scratch exclude each other.");
    return null;
  }
  const { namedInFile, resolveSource } = await import("../../node/run/resolve.ts");
  const parsed = parseExperiment(text, overrides);
  // Errors of the file are shown, with their places, when the run is started.
  if (!parsed.ok) return null;
  const { from, weights } = parsed.experiment.finetune;
  const { experimentBehind } = await import("../../node/run/experimentOfRun.ts");
  const named = options.from ?? (from === null ? null : namedInFile(from, dirname(await experimentBehind(file))));
  if (named === null) {
    throw new UserError(
      `${file} names no checkpoint to finetune from, and neither does --from. Name one, such as ` +
        "--from runs/RUN, or ask for new weights with --from-scratch.",
    );
  }
  const source = resolveSource(named, [options.runsDir]);
  for (const note of source.notes) io.stderr(note);
  const weightsFile = weights === "ema" ? source.emaFile : source.modelFile;
  if (weightsFile === undefined) {
    throw new UserError(`${source.modelFile} has no averaged weights beside it. Set finetune.weights: raw.`);
  }
  // A file named outright is taken whatever finetune.weights says.
  const taken = basename(weightsFile) === WEIGHT_FILES.ema ? "ema" : weights;
  io.stderr(`starting from the ${taken} weights in ${weightsFile}`);
  const { readRun } = await import("../../node/run/runFiles.ts");
  const run = source.runDir === undefined ? null : readRun(source.runDir);
  return {
    weights: { kind: "start", file: weightsFile },
    parent: { run: run?.ok ? run.value.id : null, checkpoint: weightsFile, step: source.step, weights: taken },
    trainedWith: trainedWith(source, named),
  };
}

/** What the shapes of weights do not show, or not in one word: network, heads, diffusion and the numbers of classes. */
function trainedWith({ experimentFile, classes }: Source, name: string): CheckpointFacts {
  const known = { name, ...(classes === null ? {} : { classes }) };
  const parsed = experimentFile === undefined ? null : parseExperiment(readExperimentFile(experimentFile));
  if (!parsed?.ok) return known;
  const { diffusion } = parsed.experiment;
  const { backbone, num_heads, num_classes } = parsed.experiment.model;
  return {
    ...known,
    // Weights without classes miss whole tensors, which the list of shapes shows best.
    model: { backbone, num_heads, ...(num_classes === 0 ? {} : { num_classes }) },
    diffusion,
  };
}
