/** `maskdm schema`: the JSON Schema of the experiment file, or the study file. */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { addExamples } from "./options.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("schema")
    .description("Print the JSON Schema of the experiment file: every key with its meaning, unit, range and default.")
    .option("--study", "that of the study file (*.maskstudy.yaml) instead")
    .action(async ({ study }: { study?: boolean }) => {
      const [{ schemaText }, { experimentKeys }, { studyKeys }] = await Promise.all([
        import("../../core/experiment/publishKeys.ts"),
        import("../../core/experiment/keys.ts"),
        import("../../core/study/kind.ts"),
      ]);
      io.stdout(schemaText(study === true ? studyKeys() : experimentKeys()));
    });
  addExamples(command, [
    ["maskdm schema", "every key with its meaning"],
    [
      "maskdm schema > experiment.schema.json",
      "for editors, with # yaml-language-server: $schema=experiment.schema.json",
    ],
    ["maskdm schema --study > study.schema.json", "the same for studies"],
  ]);
}
