/** `maskdm demo`: the whole method on the images that come with the program, in a few minutes. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { newRunId } from "../../core/run/names.ts";
import type { Io } from "./io.ts";
import { addExamples, DEFAULT_RUNS_DIR, runsDirOption } from "./options.ts";

const EXAMPLE = join("examples", "emoji", "emoji.maskdm.yaml");
/** Finetuning is a transfer, as pretrained networks are used: from all the emoji to its faces, of which there are 155. */
const FINETUNE_SET = [{ path: "data.path", value: "images/smileys" }];

export function register(program: Command, io: Io): void {
  const command = program
    .command("demo")
    .description("Pretrain, finetune and sample on the emoji that come with MaskDM Studio: a few minutes on two cores.")
    .addOption(runsDirOption())
    .action(async (options: { runsDir: string }) => demo(options.runsDir, io));
  addExamples(command, [
    ["maskdm demo", `the whole method on ${EXAMPLE}, into ${DEFAULT_RUNS_DIR}/`],
    ["maskdm demo --runs-dir /tmp/demo", "the same, into another folder"],
  ]);
}

async function demo(runsDir: string, io: Io): Promise<void> {
  const [
    { startRun },
    { findSource },
    { StartUp },
    { sampleRun },
    { lossChartSvg },
    { readRunMetrics },
    { namesIn, replaceFile },
  ] = await Promise.all([
    import("./training.ts"),
    import("./finetune.ts"),
    import("../loop/startUp.ts"),
    import("../loop/sampleRun.ts"),
    import("../../core/series/lossChart.ts"),
    import("../../node/run/metrics.ts"),
    import("../../node/run/files.ts"),
  ]);
  const file = exampleFile();
  // Without the date, as pictures tell the run they are of: the same demo gives the same bytes on any day.
  const nameFor = (stage: string): string => newRunId("demo", "emoji", stage, namesIn(runsDir));
  const pretrained = await startRun(file, "pretrain", { runsDir, set: [], run: nameFor("pretrain") }, null, io);
  if (pretrained.state !== "finished") return;
  const startUp = StartUp.again();
  const options = { runsDir, set: FINETUNE_SET, from: pretrained.dir, run: nameFor("finetune") };
  const source = await findSource(file, options, FINETUNE_SET);
  const finetuned = await startRun(file, "finetune", options, source, io, undefined, startUp);
  if (finetuned.state !== "finished") return;

  const note = (line: string) => io.stderr(line);
  const request = {
    source: finetuned.dir,
    runsDir,
    overrides: [],
    out: null,
    trajectory: "usual",
    singleImages: false,
    overwrite: false,
    onStep: () => {},
    note,
  } as const;
  const { png, trajectory } = await sampleRun(request);
  const curves = join(finetuned.dir, "curves.svg");
  const svg = lossChartSvg([
    { label: "pretrain, on masked images", metrics: readRunMetrics(pretrained.dir) },
    { label: "finetune, on whole images", metrics: readRunMetrics(finetuned.dir) },
  ]);
  replaceFile(curves, svg, false);
  for (const path of [png, trajectory, curves]) if (path !== null) io.stdout(relative(process.cwd(), path));
}

/** Beside the package's dist folder. */
function exampleFile(): string {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const file = join(root, EXAMPLE);
  if (!existsSync(file))
    throw new UserError(`${file} is missing: the example images did not come with this installation.`);
  return relative(process.cwd(), file) || file;
}
