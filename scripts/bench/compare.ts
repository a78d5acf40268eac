/** The driver of the comparison with eager PyTorch. */
import { loadavg } from "node:os";
import path from "node:path";
import { findPython, TORCH_MODULES } from "../../test/python/findPython.ts";
import { compareLosses, interleave, median } from "./measure.ts";
import { BadUsage, HELP, type Options, readOptions } from "./options.ts";
import type { Preset } from "./presets.ts";
import { EngineProcess, type Work } from "./protocol.ts";
import { type Comparison, describeMachine, type EngineRow, ratioOf, table, writeReport } from "./report.ts";

/** Losses may differ by as much before the two engines are held to do different things. */
const LOSS_TOLERANCE = 1e-4;
const BUSY_LOAD = 0.5;

/** Starts and ends the two engines of one measurement. */
async function withEngines<T>(
  root: string,
  bundle: string,
  python: string,
  options: Options,
  use: (
    ours: EngineProcess,
    torch: EngineProcess,
    hello: readonly { backend: string; version: string }[],
  ) => Promise<T>,
): Promise<T> {
  const ours = new EngineProcess("this project's engine", process.execPath, [path.join(bundle, "ours.js")]);
  const torch = new EngineProcess("PyTorch", python, [path.join(root, "scripts/bench/torch_bench.py")]);
  try {
    const { threads, backend } = options;
    const hello = [await ours.ask("hello", { threads, backend }), await torch.ask("hello", { threads })];
    return await use(ours, torch, hello);
  } finally {
    await ours.quit();
    await torch.quit();
  }
}

async function compareOne(
  root: string,
  bundle: string,
  python: string,
  options: Options,
  preset: Preset,
  work: Work,
): Promise<{ comparison: Comparison; versions: string[] }> {
  // A process each for what is tried out, so that it does not count towards the memory of what is measured.
  const { equivalence, tuned } = await withEngines(root, bundle, python, options, async (ours, torch) => ({
    equivalence: await compareLosses(ours, torch, work),
    tuned: await torch.ask("tune", { ...work }),
  }));
  if (!(equivalence.largestDifference <= LOSS_TOLERANCE)) {
    throw new Error(`the engines do different things: losses ${JSON.stringify(equivalence)}`);
  }
  return withEngines(root, bundle, python, options, async (ours, torch, hello) => {
    const { visibleTokens, parameters } = await ours.ask("setup", { ...work });
    const other = await torch.ask("setup", { ...work, attention: tuned.attention, optimizer: tuned.optimizer });
    if (other.visibleTokens !== visibleTokens || other.parameters !== parameters) {
      throw new Error(`the engines have different networks: ${JSON.stringify([{ visibleTokens, parameters }, other])}`);
    }
    const { maskRate, batchSize, microBatch } = work;
    const pairs = await interleave(ours, torch, batchSize, options);
    const row = async (engine: EngineProcess, backend: string, speeds: readonly number[]): Promise<EngineRow> => ({
      backend,
      maskRate,
      batchSize,
      imagesPerSecond: median(speeds),
      stepsPerSecond: median(speeds) / batchSize,
      ...(await engine.ask("memory", {})),
    });
    const rows: [EngineRow, EngineRow] = [
      await row(
        ours,
        hello[0]!.backend,
        pairs.map((pair) => pair.ours),
      ),
      await row(
        torch,
        hello[1]!.backend,
        pairs.map((pair) => pair.torch),
      ),
    ];
    const comparison: Comparison = {
      model: preset.name,
      maskRate,
      batchSize,
      microBatch,
      visibleTokens,
      tokens: (work.config.image_size / work.config.patch_size) ** 2,
      parameters,
      equivalence,
      torchVariant: `${tuned.attention}, ${tuned.optimizer}`,
      torchSecondsPerStepTried: tuned.tried,
      pairs,
      ratio: ratioOf(pairs),
      rows,
    };
    return { comparison, versions: hello.map(({ backend, version }) => `${backend}: ${version}`) };
  });
}

/** @returns exit code */
export async function main(root: string, bundle: string, args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    const python = findPython(TORCH_MODULES);
    if (!python.found) throw new BadUsage(python.reason);
    await compareAll(root, bundle, python.command, options);
    return 0;
  } catch (error) {
    const usage = error instanceof BadUsage || (error instanceof TypeError && "code" in error);
    const hint = usage ? "\nnode scripts/bench/compare.mjs --help lists the options." : "";
    process.stderr.write(`${error instanceof Error ? error.message : error}${hint}\n`);
    return usage ? 2 : 1;
  }
}

async function compareAll(root: string, bundle: string, python: string, options: Options): Promise<void> {
  const comparisons: Comparison[] = [];
  const loadBefore = loadavg()[0] ?? 0;
  if (loadBefore > BUSY_LOAD) {
    process.stderr.write(`The machine is busy (load ${loadBefore.toFixed(2)}): the figures will say little.\n`);
  }
  let versions: string[] = [];
  for (const preset of options.models) {
    for (const maskRate of options.maskRates) {
      for (const batchSize of options.batchSizes ?? [preset.batchSize(maskRate)]) {
        const microBatch = Math.min(batchSize, options.microBatch ?? batchSize);
        if (batchSize % microBatch !== 0)
          throw new BadUsage(`--micro-batch ${microBatch} does not divide ${batchSize}`);
        process.stderr.write(`${preset.name}, mask rate ${maskRate}, batch ${batchSize} …\n`);
        const work: Work = { config: preset.network, maskRate, batchSize, microBatch, seed: 0 };
        const result = await compareOne(root, bundle, python, options, preset, work);
        comparisons.push(result.comparison);
        versions = result.versions;
        const { ratio, rows } = result.comparison;
        process.stderr.write(
          `  ${rows[0].imagesPerSecond.toFixed(2)} and ${rows[1].imagesPerSecond.toFixed(2)} images/s, ratio ${ratio.median.toFixed(3)}\n`,
        );
      }
    }
  }
  process.stdout.write(`${table(comparisons)}\n`);
  if (options.out === "none") return;
  const { threads, blockSeconds } = options;
  const date = new Date().toISOString().slice(0, 10);
  const report = { date, machine: describeMachine(), threads, versions, blockSeconds, loadBefore, comparisons };
  for (const file of writeReport(path.resolve(root, options.out), options.name, report)) {
    process.stderr.write(`wrote ${path.relative(process.cwd(), file)}\n`);
  }
}
