/** `maskdm lint FILE…`: what is wrong or unwise in experiment and study files. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { Diagnostic } from "../../core/experiment/diagnostic.ts";
import { CommandExit } from "./errors.ts";
import type { Io } from "./io.ts";
import { addExamples, runsDirOption } from "./options.ts";

/** A line of `lint --json`. */
export interface FileDiagnostic extends Diagnostic {
  readonly file: string;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("lint")
    .description("Check experiment and study files. Exit code 2 where there are errors.")
    .argument("<file...>", "experiment files (*.maskdm.yaml) and studies (*.maskstudy.yaml)")
    .option("--json", "print an array of {file, line, column, endLine, endColumn, severity, code, message, fix?}")
    .addOption(runsDirOption())
    .action(async (files: string[], options: { json?: boolean; runsDir: string }) => {
      const found: FileDiagnostic[] = [];
      for (const file of files) found.push(...(await lintFile(file, options.runsDir)));
      if (options.json === true) io.json(found);
      else await printForPeople(found, files.length, io);
      if (found.some(({ severity }) => severity === "error")) throw new CommandExit(2);
    });
  addExamples(command, [
    ["maskdm lint faces.maskdm.yaml", "errors, warnings and notes, one per line"],
    ["maskdm lint experiments/*.maskdm.yaml", "several files"],
    ["maskdm lint rates.maskstudy.yaml", "a study: its base, its axes, and what its cells come to"],
    ["maskdm lint faces.maskdm.yaml --json", "the same for a script, with fixes"],
  ]);
}

/** @param runsDir folder in which the run that finetune.from names is looked for */
export async function lintFile(file: string, runsDir: string): Promise<FileDiagnostic[]> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return [
      {
        file,
        line: 1,
        column: 1,
        endLine: 1,
        endColumn: 1,
        severity: "error",
        code: "MDM000",
        message: whyUnreadable(error),
      },
    ];
  }
  const { lintText } = await import("../../node/facts/lintText.ts");
  return (await lintText(file, text, runsDir)).map((diagnostic) => ({ file, ...diagnostic }));
}

function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "There is no such file. Make one with: maskdm new DIR";
  if (code === "EISDIR")
    return "This is a folder. Name an experiment file (*.maskdm.yaml) or a study (*.maskstudy.yaml).";
  if (code === "EACCES" || code === "EPERM") return "The file may not be read. Give yourself the right to.";
  return `The file cannot be read (${code ?? String(error)}).`;
}

async function printForPeople(found: readonly FileDiagnostic[], files: number, io: Io): Promise<void> {
  const [{ formatDiagnostic }, { countsText }] = await Promise.all([
    import("../../core/experiment/diagnostic.ts"),
    import("../../core/experiment/diagnosticCounts.ts"),
  ]);
  for (const diagnostic of found) io.stdout(formatDiagnostic(diagnostic.file, diagnostic));
  io.stderr(`${files === 1 ? "1 file" : `${files} files`}: ${countsText(found)}`);
}
