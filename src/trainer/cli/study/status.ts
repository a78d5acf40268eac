/** `maskdm study status` and `list`. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addExamples, runsDirOption } from "../options.ts";

interface StatusOptions {
  readonly runsDir: string;
  readonly json?: boolean;
}

export function register(study: Command, io: Io): void {
  const command = study
    .command("status")
    .description("Where the cells of a study stand, what is at work, and the results so far.")
    .argument("<study>", "study file (*.maskstudy.yaml), or the name of a study that was started")
    .addOption(runsDirOption())
    .option("--json", "print states, results and the record of the study as JSON")
    .action(async (text: string, options: StatusOptions) => status(text, options, io));
  addExamples(command, [
    ["maskdm study status blocks.maskstudy.yaml", "as the file is now: cells of an extended axis wait"],
    ["maskdm study status blocks --json", "as it was started, for a script"],
  ]);
  const list = study
    .command("list")
    .description("Names of the studies that were started in a runs folder.")
    .addOption(runsDirOption())
    .action(async (options: StatusOptions) => {
      const { studyNames } = await import("../../../node/study/places.ts");
      const names = studyNames(resolve(options.runsDir));
      if (names.length === 0) io.stderr(`no studies in ${options.runsDir}`);
      else io.stdout(names.join("\n"));
    });
  addExamples(list, [["maskdm study list", "what was started in ./runs"]]);
}

async function status(text: string, options: StatusOptions, io: Io): Promise<void> {
  const [{ findStudy }, { studyFacts }, { statusLines }, { knownMachine }, { studyResults }, { cellState }] =
    await Promise.all([
      import("./findStudy.ts"),
      import("../../../node/study/studyReader.ts"),
      import("../../../core/study/statusText.ts"),
      import("../../../node/speedFile.ts"),
      import("../../../core/study/results.ts"),
      import("../../../core/study/cellState.ts"),
    ]);
  const { texts, plan } = findStudy(text, options.runsDir, io);
  const facts = await studyFacts(resolve(options.runsDir), texts.name, plan);
  if (options.json !== true) {
    io.stdout(`${texts.name}: ${statusLines(plan, facts, knownMachine()).join("\n")}`);
    if (facts.record?.message) io.stderr(facts.record.message);
    return;
  }
  const { counts, configurations, pareto } = studyResults(plan, facts);
  io.json({
    ...{ name: texts.name, metric: plan.study.metric, atWork: facts.atWork, record: facts.record, counts, pareto },
    configurations: configurations.map(({ cells, configuration, ...folded }) => ({ ...configuration, ...folded })),
    cells: plan.cells.map((cell) => {
      const { run, ...state } = { run: null, ...cellState(cell, plan, facts) };
      const { key, configuration, seed, runs } = cell;
      return { key, configuration, seed, runs: runs.map(({ id }) => id), ...state, run: run?.id ?? null };
    }),
  });
}
