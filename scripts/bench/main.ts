/** The benchmark from command line to report. */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, platform, release, tmpdir } from "node:os";
import path from "node:path";
import { thisMachine } from "../../src/node/machine.ts";
import { killEngines } from "./engineProcess.ts";
import { type Engine, findEngines, type Places } from "./engines.ts";
import { type Bench, measureCell } from "./measureCell.ts";
import { measureSampling } from "./measureSampling.ts";
import { BadUsage, HELP, type Options, readOptions } from "./options.ts";
import { type CellPlan, expectedSeconds, likelyRate, planCells } from "./plan.ts";
import type { Preset } from "./presets.ts";
import { productTable } from "./productTable.ts";
import { type BenchRecord, type Cell, type EngineFacts, isSameCell, newRecord, type Sampling } from "./record.ts";
import { ReportFiles } from "./report.ts";
import { commandOf, mergePeaks, requireComparable, resumed, type StartFacts, settingsOf } from "./resume.ts";
import { spread } from "./statistics.ts";

const BUSY_LOAD = 0.5;

/** @returns exit code: 0, 1 where an engine computes something else or something broke, 2 for a wrong command line */
export async function main(places: Places, args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "maskdm-bench-"));
  const interrupted = (signal: NodeJS.Signals) => {
    killEngines();
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write(`\nEnded by ${signal}; rows measured so far are in the report, and --resume goes on.\n`);
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  try {
    const options = readOptions(args);
    if (options === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    if (options.parts.includes("products")) {
      process.stdout.write(`${await productTable(places, options, say)}\n`);
      return 0;
    }
    return await run(places, options, args, folder);
  } catch (error) {
    const usage = error instanceof BadUsage;
    const text = error instanceof Error ? (usage ? error.message : error.stack) : String(error);
    process.stderr.write(`${text}${usage ? "\nnpm run bench -- --help lists the options." : ""}\n`);
    return usage ? 2 : 1;
  } finally {
    killEngines();
    rmSync(folder, { recursive: true, force: true });
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function run(places: Places, options: Options, args: readonly string[], folder: string): Promise<number> {
  const files = new ReportFiles(path.resolve(places.root, options.out), options.name);
  const before = options.resume ? files.newest() : null;
  if (before) requireComparable(before, settingsOf(options), describeMachine());
  planCells(options, 1); // a command line that cannot be planned is refused before anything is measured
  const load = loadavg()[0] ?? 0;
  if (load > BUSY_LOAD) say(`The machine is busy (load ${load.toFixed(2)}): the figures will say little.`);
  say("Looking for engines …");
  const { engines, missing } = await findEngines(places, options);
  for (const { id, version, peak } of engines) {
    say(`  ${id}: ${version}${peak ? `, ${(peak.flopsPerSecond / 1e9).toFixed(0)} GFLOP/s` : ""}`);
  }
  for (const { id, reason } of missing) say(`  ${id}: not measured: ${reason}`);
  if (engines.length === 0) throw new BadUsage("no engine that was asked for works here");
  const work = planWork(options, engines.length);
  const planned = {
    cells: work.cells.map(({ facts: { model, maskRate, batchSize } }) => ({ model, maskRate, batchSize })),
    sampling: work.sampling.map(({ name }) => name),
  };
  const facts = engines.map(factsOf);
  const record = beginRecord(before, options, { args, engines: facts, missing, planned, load });
  const bench: Bench = {
    options,
    engines,
    folder,
    followed: new Map(),
    tuned: new Map(),
    rates: new Map(),
    say,
  };
  await measureAll(bench, work, record, files);
  // A peak is a best by its nature: what slowed the machine before the rows may be over after them.
  for (const engine of engines)
    record.engines = mergePeaks(record.engines, [{ ...factsOf(engine), peak: await engine.peakAgain() }]);
  const written = files.write(record);
  process.stdout.write(`${written.map((file) => path.relative(process.cwd(), file)).join("\n")}\n`);
  return differs(record) ? 1 : 0;
}

function beginRecord(before: BenchRecord | null, options: Options, now: StartFacts): BenchRecord {
  if (before) return resumed(before, now);
  const { args, load, ...rest } = now;
  return newRecord({
    ...rest,
    command: commandOf(args),
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    loadBefore: [load],
    settings: settingsOf(options),
  });
}

const factsOf = ({ id, version, threads, graphics, peak }: Engine): EngineFacts => ({
  id,
  version,
  threads,
  graphics,
  peak,
});

export function describeMachine(): BenchRecord["machine"] {
  const { cpu, cores, memoryBytes } = thisMachine();
  return {
    processor: cpu,
    cores,
    memoryGiB: Math.round(memoryBytes / 2 ** 30),
    system: `${platform()} ${release().split("-")[0]}`,
  };
}

interface PlannedWork {
  readonly cells: readonly CellPlan[];
  readonly sampling: readonly Preset[];
}

function planWork(options: Options, engines: number): PlannedWork {
  const { parts, models } = options;
  return {
    cells: parts.includes("steps") ? planCells(options, engines) : [],
    sampling: parts.includes("sampling") ? models.filter(({ name }) => name !== "B") : [],
  };
}

async function measureAll(bench: Bench, work: PlannedWork, record: BenchRecord, files: ReportFiles): Promise<void> {
  const { engines } = bench;
  const left = work.cells.filter(({ facts }) => {
    const cell = record.cells.find((other) => isSameCell(other, facts));
    // With another number of engines there is room for another micro-batch.
    return cell?.microBatch !== facts.microBatch || !holds(cell, engines);
  });
  const drawing = work.sampling.filter(
    ({ name }) =>
      !holds(
        record.sampling.find((row) => row.model === name),
        engines,
      ),
  );
  announce(bench, left, drawing.length);
  for (const plan of left) {
    const { model, maskRate, batchSize } = plan.facts;
    say(`${model}, m = ${maskRate}, batch ${batchSize} …`);
    const cell = await measureCell(bench, plan);
    sayRows(cell.rows, "images/s");
    record.cells = [...record.cells.filter((other) => !isSameCell(other, cell)), cell].sort(inOrder);
    files.write(record);
  }
  for (const preset of drawing) {
    say(`sampling, ${preset.name} …`);
    const sampling = await measureSampling(bench, preset);
    sayRows(sampling.rows, "evaluations/s");
    record.sampling = [...record.sampling.filter(({ model }) => model !== preset.name), sampling];
    files.write(record);
  }
}

/** Small models first, then by mask rate and batch. */
const inOrder = (a: Cell, b: Cell): number =>
  a.parameters - b.parameters || a.maskRate - b.maskRate || a.batchSize - b.batchSize;

/** Whether a row has every engine, so that a resumed benchmark can pass it over. */
function holds(row: Cell | Sampling | undefined, engines: readonly Engine[]): boolean {
  return row !== undefined && engines.every(({ id }) => row.rows.some(({ engine }) => engine === id));
}

function announce({ options, engines }: Bench, cells: readonly CellPlan[], drawing: number): void {
  const rates = engines.flatMap(({ peak }) => likelyRate(undefined, peak?.flopsPerSecond ?? null) ?? []);
  const seconds = cells.reduce((sum, { facts }) => sum + expectedSeconds(facts.flopsPerStep, rates, options), 0);
  const rows = `${cells.length} rows of ${engines.length} engines`;
  const draw = drawing > 0 ? `, then sampling with ${drawing} models` : "";
  say(`${rows}, about ${Math.ceil(seconds / 60)} minutes${draw}. Each row is written as it comes.`);
}

function sayRows(rows: Cell["rows"] | Sampling["rows"], unit: string): void {
  for (const row of rows) {
    if (row.state === "measured") {
      const { median, lowest, highest } = spread(row.blocks.map(({ perSecond }) => perSecond));
      say(`  ${row.engine}: ${median.toPrecision(3)} ${unit} (${lowest.toPrecision(3)} to ${highest.toPrecision(3)})`);
    } else say(`  ${row.engine}: ${row.state === "differs" ? "COMPUTES SOMETHING ELSE" : `left out: ${row.reason}`}`);
  }
}

function differs({ cells, sampling }: BenchRecord): boolean {
  return [...cells, ...sampling].some(({ rows }) => rows.some(({ state }) => state === "differs"));
}
