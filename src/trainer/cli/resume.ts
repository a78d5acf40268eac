/** `maskdm resume RUN`: goes on where a run stopped. */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { addEndings, addExamples, collectSetOption, parsePositiveInteger, runsDirOption } from "./options.ts";
import type { ResumeOptions } from "./resumeRun.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("resume")
    .description("Go on from a run's newest checkpoint, as if it had never stopped.")
    .argument("<run>", "run folder or id")
    .addOption(runsDirOption())
    .option("--steps <n>", "train up to this step, whatever the run's file says", parsePositiveInteger)
    .option("--set <key=value>", "change a key of the experiment from here on; may be repeated", collectSetOption, [])
    .option("--stretch-lr", "stretch a falling learning rate over more steps, although it jumps up")
    .action(async (text: string, options: ResumeOptions) => {
      const { resume } = await import("./resumeRun.ts");
      await resume(text, options, io);
    });
  addEndings(command, "maskdm queue add --resume RUN");
  addExamples(command, [
    ["maskdm resume runs/2026-01-31-faces-pretrain-01", "go on from its newest checkpoint"],
    ["maskdm resume 2026-01-31-faces-pretrain-01 --steps 400000", "train a finished run for longer"],
    ["maskdm resume a --set pretrain.lr=5e-5", "with another learning rate from here on"],
  ]);
}
