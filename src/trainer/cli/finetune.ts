/** `maskdm finetune FILE --from R`: stage 2, on whole images. */
import { dirname } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
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
    const source = await findSource(file, options, overridesOf(options, "finetune"));
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
  text: string = readExperimentFile(file),
): Promise<StartingPoint | null> {
  if (options.fromScratch) {
    if (options.from !== undefined) throw new UserError("--from and --from-scratch exclude each other.");
    return null;
  }
  const { namedInFile } = await import("../../node/run/resolve.ts");
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
  const { startingPoint } = await import("./startingPoint.ts");
  return startingPoint(named, weights, options.runsDir);
}
