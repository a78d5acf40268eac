/** `maskdm pretrain FILE`: stage 1, on masked images. */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { addEndings, addExamples, addRunOptions, type RunOptions } from "./options.ts";

export function register(program: Command, io: Io): void {
  const command = addRunOptions(
    program
      .command("pretrain")
      .description("Train on masked images: only the visible patches are seen and denoised. Prints the run's folder.")
      .argument("<file>", "experiment file (*.maskdm.yaml)"),
  ).action(async (file: string, options: RunOptions) => {
    const { startRun } = await import("./training.ts");
    await startRun(file, "pretrain", options, null, io);
  });
  addEndings(command, "maskdm queue add FILE --stage pretrain");
  addExamples(command, [
    ["maskdm pretrain faces.maskdm.yaml", "train as the file says"],
    [
      "maskdm pretrain faces.maskdm.yaml --set mask.rate=0.75 --run faces-075",
      "with another mask rate, in runs/faces-075",
    ],
    ["maskdm pretrain faces.maskdm.yaml --steps 200", "a short trial"],
  ]);
}
