/** `maskdm pretrain FILE`: stage 1, on masked images. */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { addEndings, addExamples, addRunOptions, type RunOptions } from "./options.ts";

interface PretrainOptions extends RunOptions {
  readonly from?: string;
}

export function register(program: Command, io: Io): void {
  const command = addRunOptions(
    program
      .command("pretrain")
      .description("Train on masked images: only the visible patches are seen and denoised. Prints the run's folder.")
      .argument("<file>", "experiment file (*.maskdm.yaml)")
      .option(
        "--from <run>",
        "run, checkpoint folder or model.safetensors whose weights it starts from: a further stage",
      ),
  ).action(async (file: string, options: PretrainOptions) => {
    const [{ startRun }, { startingPoint }] = await Promise.all([
      import("./training.ts"),
      import("./startingPoint.ts"),
    ]);
    const source = options.from === undefined ? null : startingPoint(options.from, "raw", options.runsDir);
    await startRun(file, "pretrain", options, source, io);
  });
  addEndings(command, "maskdm queue add FILE --stage pretrain");
  addExamples(command, [
    ["maskdm pretrain faces.maskdm.yaml", "train as the file says"],
    [
      "maskdm pretrain faces.maskdm.yaml --set mask.rate=0.75 --run faces-075",
      "with another mask rate, in runs/faces-075",
    ],
    ["maskdm pretrain faces.maskdm.yaml --steps 200", "a short trial"],
    [
      "maskdm pretrain faces.maskdm.yaml --from faces-090 --set mask.rate=0.5",
      "a second stage, with less hidden, from the weights of the first",
    ],
  ]);
}
