/** `maskdm bench FILE`: how fast training steps are on this machine. */
import { arch, platform } from "node:os";
import { type Command, Option } from "commander";
import { OWN_BACKEND_CHOICES } from "../../core/experiment/backendChoices.ts";
import type { Override } from "../../core/experiment/parse.ts";
import type { MaskConfig } from "../../core/masks/masks.ts";
import { maskPieces } from "../../core/masks/schedule.ts";
import { thisMachine } from "../../node/machine.ts";
import type { BenchRow } from "../bench/benchRow.ts";
import type { Io } from "./io.ts";
import {
  addExamples,
  collectSetOption,
  parseMaskRates,
  parsePositiveInteger,
  parsePositiveIntegers,
  type SetOption,
} from "./options.ts";

interface BenchOptions {
  readonly maskRates?: number[];
  readonly batchSizes?: number[];
  readonly backend?: string;
  readonly steps: number;
  readonly set: readonly SetOption[];
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("bench")
    .description(
      "Time pretraining steps on this machine: images per second, arithmetic rate, peak memory. Warm-up is left out.",
    )
    .argument("<file>", "experiment file")
    .option("--mask-rates <list>", "mask rates, comma-separated (default: the file's, and 0)", parseMaskRates)
    .option("--batch-sizes <list>", "batch sizes, comma-separated (default: the file's)", parsePositiveIntegers)
    .addOption(new Option("--backend <name>", "backend (default: the file's)").choices(OWN_BACKEND_CHOICES))
    .option("--steps <n>", "steps measured for each row", parsePositiveInteger, 10)
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, [])
    .option("--json", "print machine and rows as JSON")
    .action(async (file: string, options: BenchOptions) => bench(file, options, io));
  addExamples(command, [
    ["maskdm bench faces.maskdm.yaml", "the file's mask rate against no mask"],
    ["maskdm bench faces.maskdm.yaml --mask-rates 0,0.5,0.9 --batch-sizes 8,32", "six rows"],
    ["maskdm bench faces.maskdm.yaml --backend tfjs --steps 3 --json", "another backend, for a script"],
  ]);
  program
    .command("bench-row", { hidden: true })
    .description("Measure one row of a benchmark that is described on stdin. Used by bench.")
    .action(async () => {
      const { measureRow } = await import("../bench/benchRow.ts");
      const { readFileSync } = await import("node:fs");
      io.json(await measureRow(JSON.parse(readFileSync(0, "utf8"))));
    });
}

async function bench(file: string, options: BenchOptions, io: Io): Promise<void> {
  const [{ measureRowApart }, { loadExperiment }, { applyOverrides }] = await Promise.all([
    import("../bench/benchRow.ts"),
    import("./loadExperiment.ts"),
    import("../../core/experiment/parse.ts"),
  ]);
  const backend = options.backend === undefined ? [] : [{ path: "engine.backend", value: options.backend }];
  const { experiment, text } = loadExperiment(file, [...options.set, ...backend], {}, io);
  // Each rate with the piece that has it; another one with the first.
  const masks = maskPieces(experiment.mask, "pretrain", experiment.pretrain.steps).map(({ config }) => config);
  const maskRates = options.maskRates ?? [...new Set([...masks.map(({ rate }) => rate), 0])];
  const batchSizes = options.batchSizes ?? [experiment.pretrain.batch_size];
  const rows: BenchRow[] = [];
  for (const batchSize of batchSizes) {
    for (const maskRate of maskRates) {
      const mask = masks.find(({ rate }) => rate === maskRate) ?? masks[0]!;
      const rowText = applyOverrides(text, rowOverrides(maskRate, batchSize, mask));
      const row = await measureRowApart({ text: rowText, maskRate, steps: options.steps });
      io.stderr(describe(row));
      rows.push(row);
    }
  }
  if (options.json) io.json({ machine: machine(), rows });
  else io.stdout(table(rows));
}

function rowOverrides(maskRate: number, batchSize: number, mask: MaskConfig): Override[] {
  const strategy = mask.strategy === "none" ? "patch" : mask.strategy;
  return [
    { path: "pretrain.batch_size", value: String(batchSize) },
    { path: "mask.strategy", value: maskRate === 0 ? "none" : strategy },
    { path: "mask.rate", value: String(maskRate) },
    { path: "mask.block_size", value: String(mask.blockSize) },
    { path: "mask.crop_size", value: "null" },
  ];
}

function machine(): Record<string, string | number> {
  return {
    ...thisMachine(),
    platform: `${platform()}-${arch()}`,
    node: process.versions.node,
  };
}

function describe(row: BenchRow): string {
  return `mask rate ${row.maskRate}, batch ${row.batchSize}: ${row.imagesPerSecond.toFixed(1)} images/s on ${row.backend}`;
}

function table(rows: readonly BenchRow[]): string {
  const header = ["backend", "mask rate", "S", "batch", "micro", "images/s", "steps/s", "GFLOP/s", "peak MiB"];
  const lines = rows.map((row) => [
    row.backend,
    String(row.maskRate),
    String(row.visibleTokens),
    String(row.batchSize),
    String(row.microBatchSize),
    row.imagesPerSecond.toFixed(1),
    row.stepsPerSecond.toFixed(2),
    row.gflops.toFixed(1),
    (row.peakMemoryBytes / 2 ** 20).toFixed(0),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]!.length)));
  return [header, ...lines].map((line) => line.map((cell, i) => cell.padStart(widths[i]!)).join("  ")).join("\n");
}
