/** `maskdm study status` */
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addExamples, runsDirOption } from "../options.ts";

export function register(study: Command, io: Io): void {
  const command = study
    .command("status")
    .description("")
    .argument("<study>", "study file (*.maskstudy.yaml), or the name of a study that was started")
    .addOption(runsDirOption())
    .action(async (text: string, options: { readonly runsDir: string }) => {
      const { findStudy } = await import("./findStudy.ts");
      io.json(findStudy(text, options.runsDir, io).texts.name);
    });
  addExamples(command, [["maskdm study status blocks.maskstudy.yaml", ""]]);
}
