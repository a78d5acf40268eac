/** A comparison as a table for people and as JSON. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, platform, release, totalmem } from "node:os";
import path from "node:path";
import { type Equivalence, median, type Pair } from "./measure.ts";

export interface EngineRow {
  readonly backend: string;
  readonly maskRate: number;
  readonly batchSize: number;
  readonly imagesPerSecond: number;
  readonly stepsPerSecond: number;
  readonly peakMemoryBytes: number;
}

export interface Comparison {
  readonly model: string;
  readonly maskRate: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly visibleTokens: number;
  readonly tokens: number;
  readonly parameters: number;
  readonly equivalence: Equivalence;
  /** what PyTorch ran with: the quickest of what was tried */
  readonly torchVariant: string;
  readonly torchSecondsPerStepTried: Readonly<Record<string, number>>;
  readonly pairs: readonly Pair[];
  /** of ours over PyTorch's images per second, pair by pair */
  readonly ratio: { readonly median: number; readonly lowest: number; readonly highest: number };
  readonly rows: readonly [EngineRow, EngineRow];
}

export interface Report {
  readonly date: string;
  readonly machine: ReturnType<typeof describeMachine>;
  readonly threads: number;
  readonly versions: readonly string[];
  readonly blockSeconds: number;
  /** mean number of other processes at work when the comparison began */
  readonly loadBefore: number;
  readonly comparisons: readonly Comparison[];
}

export function describeMachine() {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release().split("-")[0]}`,
  };
}

export function ratioOf(pairs: readonly Pair[]): Comparison["ratio"] {
  const ratios = pairs.map(({ ours, torch }) => ours / torch);
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

/** Three significant digits, without an exponent. */
const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2);

const HEAD = [
  "model",
  "mask rate",
  "tokens",
  "batch",
  "ours, images/s",
  "PyTorch, images/s",
  "ratio (lowest to highest)",
  "ours, GiB",
  "PyTorch, GiB",
  "PyTorch's choice",
  "loss differs by",
];

function cells(c: Comparison): string[] {
  const [ours, torch] = c.rows;
  return [
    c.model,
    String(c.maskRate),
    `${c.visibleTokens} of ${c.tokens}`,
    String(c.batchSize),
    digits(ours.imagesPerSecond),
    digits(torch.imagesPerSecond),
    `**${c.ratio.median.toFixed(2)}** (${c.ratio.lowest.toFixed(2)} to ${c.ratio.highest.toFixed(2)})`,
    gib(ours.peakMemoryBytes),
    gib(torch.peakMemoryBytes),
    c.torchVariant,
    c.equivalence.largestDifference.toExponential(1),
  ];
}

/** Markdown, its columns aligned so that it reads on a terminal too. */
export function table(comparisons: readonly Comparison[]): string {
  const rows = [HEAD, ...comparisons.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(HEAD), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}

function markdown(report: Report): string {
  const { machine, comparisons } = report;
  const pairs = comparisons[0]?.pairs.length ?? 0;
  return `# The training step against eager PyTorch, ${report.date}

${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; threads for each engine: ${report.threads};
load before the start ${report.loadBefore.toFixed(2)}.
${report.versions.map((version) => `* ${version}`).join("\n")}

${table(comparisons)}

Images per second are medians of ${pairs} blocks of at least ${report.blockSeconds} s; the ratio is the median of the ${pairs} ratios of neighbouring blocks, the engines
taking turns. Warm-up is left out. A step draws its batch, its masks (strategy patch), timesteps and noise, runs forward and backward,
AdamW and the moving average of the weights, all in float32. Memory is the largest resident size of the process, the runtime included.
"Loss differs by": the largest difference of the two engines' losses before each of 3 updates from the same weights on the same batch.
PyTorch runs with whichever was quicker of its attention kernels (explicit products, or scaled_dot_product_attention) and of its AdamW
implementations. To repeat: \`node scripts/bench/compare.mjs\`.
`;
}

/** @returns the files written */
export function writeReport(folder: string, name: string, report: Report): string[] {
  mkdirSync(folder, { recursive: true });
  const base = path.join(folder, `${report.date}-${name}`);
  writeFileSync(`${base}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${base}.md`, markdown(report));
  return [`${base}.json`, `${base}.md`];
}
