/** `maskdm study export`: the results for other programs. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../../core/errors.ts";
import type { StudyTable } from "../../../core/study/table.ts";
import type { LoadedStudy } from "../../../node/study/loadPlan.ts";
import type { Io } from "../io.ts";
import { addExamples, runsDirOption } from "../options.ts";

interface ExportOptions {
  readonly runsDir: string;
  readonly optuna?: string;
  readonly csv?: string;
  readonly cells?: string;
}

export function register(study: Command, io: Io): void {
  const command = study
    .command("export")
    .description("Write the results of a study so far for other programs.")
    .argument("<study>", "study file (*.maskstudy.yaml), or the name of a study that was started")
    .addOption(runsDirOption())
    .option("--optuna <file>", "an Optuna journal: a trial for each cell, with its parameters and measures on the way")
    .option("--csv <file>", "a table of configurations, their seeds folded")
    .option("--cells <file>", "a table of all cells")
    .action(async (text: string, options: ExportOptions) => exportStudy(text, options, io));
  addExamples(command, [
    ["maskdm study export blocks.maskstudy.yaml --optuna blocks.log", "then: optuna-dashboard blocks.log"],
    ["maskdm study export blocks --csv blocks.csv --cells cells.csv", "two tables"],
  ]);
}

async function exportStudy(text: string, { runsDir, ...files }: ExportOptions, io: Io): Promise<void> {
  if (Object.keys(files).length === 0) throw new UserError("Name a file to write: --optuna, --csv or --cells.");
  const [{ findStudy }, { studyFacts }, { studyResults }, { kidFloor, studyTable }, { replaceFile }] =
    await Promise.all([
      import("./findStudy.ts"),
      import("../../../node/study/studyReader.ts"),
      import("../../../core/study/results.ts"),
      import("../../../core/study/table.ts"),
      import("../../../node/run/files.ts"),
    ]);
  const loaded = findStudy(text, runsDir, io);
  const { plan, texts } = loaded;
  const facts = await studyFacts(resolve(runsDir), texts.name, plan);
  const table = studyTable(plan, studyResults(plan, facts), kidFloor(plan, facts));
  const write = (file: string, content: string): void => {
    replaceFile(resolve(file), content, false);
    io.stdout(file);
  };
  const { cellsCsv, configurationsCsv } = await import("../../../core/study/studyCsv.ts");
  if (files.csv !== undefined) write(files.csv, configurationsCsv(table));
  if (files.cells !== undefined) write(files.cells, cellsCsv(table));
  if (files.optuna !== undefined) write(files.optuna, await journal(loaded, table, resolve(runsDir)));
}

async function journal({ plan, texts }: LoadedStudy, table: StudyTable, runsDir: string): Promise<string> {
  const [{ optunaJournal }, { seedSeries }, { readRunMetrics }, { readRun }, { runCommand }, { readStudyRecord }] =
    await Promise.all([
      import("../../../core/study/optunaJournal.ts"),
      import("../../../core/study/charts/seedCurves.ts"),
      import("../../../node/run/metrics.ts"),
      import("../../../node/run/runFiles.ts"),
      import("../../../node/study/runCommand.ts"),
      import("../../../node/study/recordFile.ts"),
    ]);
  const { maskdmCommand } = await import("../../../node/shellCommand.ts");
  const read = readStudyRecord(runsDir, texts.name);
  const record = read.ok ? read.value : null;
  return optunaJournal({
    name: texts.name,
    table,
    attributes: { command: maskdmCommand("study", "run", texts.studyFile), base: texts.baseFile },
    trial: ({ runs }) => {
      const records = runs.flatMap((id) => {
        const known = readRun(join(runsDir, id));
        return known.ok ? [known.value] : [];
      });
      const stages = runs.map((id) => readRunMetrics(join(runsDir, id)));
      const held = seedSeries(stages, "heldOutLoss", "step");
      const { xs, ys } = held.ys.some(Number.isFinite) ? held : seedSeries(stages, "loss", "step");
      return {
        startedAt: records[0]?.createdAt ?? null,
        endedAt: records.at(-1)?.sessions.at(-1)?.endedAt ?? null,
        measured: Array.from(xs, (step, i) => [step, ys[i]!] as const),
        commands: runs.map((id) => runCommand(plan.runs.get(id)!, texts.baseFile, record)),
      };
    },
  });
}
