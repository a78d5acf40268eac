/** `maskdm export RUN…`: runs for other programs. */
import { basename, resolve } from "node:path";
import { type Command, Option } from "commander";
import { UserError } from "../../core/errors.ts";
import { shellArgument } from "../../node/shellCommand.ts";
import type { RunToExport } from "../export/exportTensorBoard.ts";
import type { Io } from "./io.ts";
import { addExamples, parseNonNegativeInteger, runsDirOption } from "./options.ts";

/** true: where it goes by itself */
type Place = string | true;

interface ExportOptions {
  readonly runsDir: string;
  readonly tensorboard?: Place;
  readonly follow?: boolean;
  readonly csv?: Place;
  readonly evaluations?: Place;
  readonly pytorch?: Place;
  readonly diffusers?: Place;
  readonly checkpoint?: number;
  readonly weights?: "ema" | "raw";
}

/** What may be written, in the order of the help text. */
const KINDS = ["tensorboard", "csv", "evaluations", "pytorch", "diffusers"] as const satisfies (keyof ExportOptions)[];

export function register(program: Command, io: Io): void {
  const command = program
    .command("export")
    .description("Write runs for other programs: curves and pictures, tables, networks. Prints what was written.")
    .argument("<runs...>", "run folders or ids; for networks checkpoint folders, too")
    .addOption(runsDirOption())
    .option("--tensorboard [dir]", "event files, in a folder for each run (default: tensorboard)")
    .option("--follow", "with --tensorboard: go on until the runs end")
    .option("--csv [file]", "a table of all steps; -: to stdout (default: named after the run)")
    .option("--evaluations [file]", "a table of all evaluations; -: to stdout (default: named after the run)")
    .option("--pytorch [dir]", "weights with a module that needs torch and safetensors only (default: RUN-pytorch)")
    .option("--diffusers [dir]", "a pipeline of Hugging Face's diffusers (default: RUN-diffusers)")
    .option(
      "--checkpoint <step>",
      "with --pytorch, --diffusers: another checkpoint than the newest",
      parseNonNegativeInteger,
    )
    .addOption(
      new Option("--weights <which>", "with --pytorch, --diffusers: averaged or raw weights").choices(["ema", "raw"]),
    )
    .action(async (runs: readonly string[], options: ExportOptions) => exportRuns(runs, options, io));
  addExamples(command, [
    ["maskdm export runs/a runs/b --tensorboard", "then: tensorboard --logdir tensorboard"],
    ["maskdm export a --tensorboard ~/logs --follow", "a run at work, until it ends; may be stopped and started again"],
    ["maskdm export a --pytorch", "then: python a-pytorch/model.py --out grid.png"],
    ["maskdm export a --diffusers faces --checkpoint 10000", "then, in Python: DiffusionPipeline.from_pretrained"],
    ["maskdm export a --csv - --evaluations quality.csv", "two tables, one of them for a pipe"],
  ]);
}

async function exportRuns(texts: readonly string[], options: ExportOptions, io: Io): Promise<void> {
  const { tensorboard, follow, csv, evaluations } = options;
  if (KINDS.every((kind) => options[kind] === undefined)) {
    throw new UserError(`Say what to write: ${KINDS.map((kind) => `--${kind}`).join(", ")}.`);
  }
  if (follow === true && tensorboard === undefined) throw new UserError("--follow goes with --tensorboard.");
  await exportNetworks(texts, options, io);
  if (tensorboard === undefined && csv === undefined && evaluations === undefined) return;
  const runs = await found(texts, options.runsDir);
  const name = runs.length === 1 ? basename(runs[0]!.dir) : "runs";
  if (csv !== undefined || evaluations !== undefined) {
    const { evaluationsTable, metricsTable } = await import("../export/exportCsv.ts");
    if (csv !== undefined) await write(csv === true ? `${name}.csv` : csv, metricsTable(runs), io);
    if (evaluations !== undefined) {
      await write(evaluations === true ? `${name}.evaluations.csv` : evaluations, [evaluationsTable(runs)], io);
    }
  }
  if (tensorboard !== undefined) {
    const { exportTensorBoard } = await import("../export/exportTensorBoard.ts");
    const folder = tensorboard === true ? "tensorboard" : tensorboard;
    io.stdout(folder);
    if (follow === true) io.stderr(`Follows until the runs end; Ctrl+C ends it, and the same command goes on with it.`);
    await exportTensorBoard(runs, resolve(folder), follow === true);
    io.stderr(`See it with: tensorboard --logdir ${shellArgument(folder)}`);
  }
}

/** Networks, of which each has a folder of its own. */
async function exportNetworks(sources: readonly string[], options: ExportOptions, io: Io): Promise<void> {
  const { pytorch, diffusers, checkpoint: step, weights, runsDir } = options;
  if (pytorch === undefined && diffusers === undefined) {
    if (step === undefined && weights === undefined) return;
    throw new UserError(`--${step === undefined ? "weights" : "checkpoint"} goes with --pytorch or --diffusers.`);
  }
  if (sources.length > 1 && (typeof pytorch === "string" || typeof diffusers === "string")) {
    throw new UserError("Each network needs a folder of its own: export one run at a time, or name no folder.");
  }
  const [{ networkToExport }, { exportPytorch }, { exportDiffusers }] = await Promise.all([
    import("../export/exportedNetwork.ts"),
    import("../export/exportPytorch.ts"),
    import("../export/exportDiffusers.ts"),
  ]);
  const note = (line: string): void => io.stderr(line);
  const networks = sources.map((source) => networkToExport({ source, runsDir, step, weights, note }));
  const names = networks.map(({ runDir }) => basename(runDir));
  if (new Set(names).size < names.length) {
    throw new UserError("Two of the networks are of runs of one name: export one at a time, and name a folder for it.");
  }
  for (const [i, network] of networks.entries()) {
    const folderOf = (place: Place, kind: string): string => (place === true ? `${names[i]}-${kind}` : place);
    if (pytorch !== undefined) {
      const folder = folderOf(pytorch, "pytorch");
      exportPytorch(network, resolve(folder));
      io.stdout(folder);
    }
    if (diffusers !== undefined) {
      const folder = folderOf(diffusers, "diffusers");
      for (const line of exportDiffusers(network, resolve(folder))) note(`note: ${line}`);
      io.stdout(folder);
    }
  }
}

async function found(texts: readonly string[], runsDir: string): Promise<RunToExport[]> {
  const [{ resolveRun }, { readRun }] = await Promise.all([
    import("../../node/run/resolve.ts"),
    import("../../node/run/runFiles.ts"),
  ]);
  return texts.map((text) => {
    const dir = resolveRun(text, [runsDir]);
    const record = readRun(dir);
    if (!record.ok) throw new UserError(`${dir} is damaged: ${record.reason}. Name another run.`);
    return { dir, record: record.value };
  });
}

/** @param file "-": stdout */
async function write(file: string, pieces: Iterable<string>, io: Io): Promise<void> {
  if (file === "-") {
    for (const piece of pieces) io.stdout(piece);
    return;
  }
  const { replaceFile } = await import("../../node/run/files.ts");
  replaceFile(resolve(file), [...pieces].join(""), false);
  io.stdout(file);
}
