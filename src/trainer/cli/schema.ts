/** `maskdm schema`: the JSON Schema of the experiment file. */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { addExamples } from "./options.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("schema")
    .description("Print the JSON Schema of the experiment file: every key with its meaning, unit, range and default.")
    .action(async () => {
      const { experimentSchemaText } = await import("../../core/experiment/publish.ts");
      io.stdout(experimentSchemaText());
    });
  addExamples(command, [
    ["maskdm schema", "every key with its meaning"],
    [
      "maskdm schema > experiment.schema.json",
      "for editors, with # yaml-language-server: $schema=experiment.schema.json",
    ],
  ]);
}
