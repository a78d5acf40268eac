/** `maskdm study report`: what a study says, as one file to read, print and send. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addExamples, runsDirOption } from "../options.ts";

interface ReportOptions {
  readonly runsDir: string;
  readonly out?: string;
}

export function register(study: Command, io: Io): void {
  const command = study
    .command("report")
    .description(
      "Write what a study says so far into one HTML file: numbers, charts, drawn images, how to run it again.",
    )
    .argument("<study>", "study file (*.maskstudy.yaml), or the name of a study that was started")
    .addOption(runsDirOption())
    .option("--out <file>", "where to write it (default: NAME.report.html here)")
    .action(async (text: string, options: ReportOptions) => report(text, options, io));
  addExamples(command, [
    ["maskdm study report blocks.maskstudy.yaml", "write blocks.report.html"],
    ["maskdm study report blocks --out paper/blocks.html", "somewhere else, of a study that was started"],
  ]);
}

async function report(text: string, { runsDir, out }: ReportOptions, io: Io): Promise<void> {
  const [{ findStudy }, { studyFacts }, { gatherReport }, { reportHtml }, { replaceFile }] = await Promise.all([
    import("./findStudy.ts"),
    import("../../../node/study/studyReader.ts"),
    import("../../study/gatherReport.ts"),
    import("../../../core/study/report/reportHtml.ts"),
    import("../../../node/run/files.ts"),
  ]);
  const loaded = findStudy(text, runsDir, io);
  const { name } = loaded.texts;
  const facts = await studyFacts(resolve(runsDir), name, loaded.plan);
  const file = out ?? `${name}.report.html`;
  replaceFile(resolve(file), reportHtml(await gatherReport(loaded, facts, resolve(runsDir))), false);
  io.stdout(file);
}
