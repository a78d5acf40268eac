/** `maskdm runs`: what runs there are and how they stand. */
import type { Command } from "commander";
import type { RunSummary } from "../../core/run/summary.ts";
import { shownText } from "../../core/shownText.ts";
import type { Io } from "./io.ts";
import { addExamples, DEFAULT_RUNS_DIR } from "./options.ts";

/** The table for people: one line per run, and a line on what is wrong with each damaged one. */
export function runsTable(runs: readonly RunSummary[]): string {
  const heading = ["RUN", "STAGE", "STATE", "STEP", "FROM"];
  const rows = runs.map(({ id, stage, state, step, steps, parent }) => [
    shownText(id),
    stage ?? "?",
    state,
    `${step ?? "?"}/${steps ?? "?"}`,
    shownText(parent ?? ""),
  ]);
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const lines = [heading, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  for (const { id, reason } of runs) if (reason !== undefined) lines.push(shownText(`${id}: ${reason}`));
  return lines.join("\n");
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("runs")
    .description("List the runs of a folder and how they stand, newest first.")
    .argument("[dir]", "folder that holds the runs", DEFAULT_RUNS_DIR)
    .option("--json", "print the list as JSON: id, stage, state, step, steps, path, parent, classes")
    .action(async (dir: string, options: { json?: boolean }) => {
      const [{ existsSync }, { listRuns }] = await Promise.all([import("node:fs"), import("../../node/run/list.ts")]);
      // Before the first run there is no folder yet, which is no mistake of the user's.
      const runs = dir === DEFAULT_RUNS_DIR && !existsSync(dir) ? [] : listRuns(dir);
      if (options.json === true) io.json(runs);
      else if (runs.length === 0) io.stderr(`no runs in ${dir}`);
      else io.stdout(runsTable(runs));
    });
  addExamples(command, [
    ["maskdm runs", "the runs in ./runs"],
    ["maskdm runs ~/faces/runs", "the runs of another folder"],
    ["maskdm runs --json", "the same for a script"],
  ]);
}
