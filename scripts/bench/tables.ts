/** The tables of the report. */
import { type BenchRecord, type Cell, type EngineFacts, isSameCell, peakOf, type SamplingRow } from "./record.ts";
import { pairedRatio, type Spread, spread } from "./statistics.ts";
import { aroundShare, type Target, written } from "./targets.ts";

const BASELINE = "pytorch";

/** Three significant digits, without an exponent. */
const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const withSpread = ({ median: middle, lowest, highest }: Spread): string =>
  `${digits(middle)} (${digits(lowest)} to ${digits(highest)})`;
const ratioText = (ratio: Spread | null): string =>
  ratio ? `**${ratio.median.toFixed(2)}** (${ratio.lowest.toFixed(2)} to ${ratio.highest.toFixed(2)})` : "–";
const perSecond = (blocks: readonly { readonly perSecond: number }[]): number[] =>
  blocks.map((block) => block.perSecond);
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** Markdown, its columns aligned so that it reads on a terminal too. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}

const STEP_HEAD = [
  "m",
  "tokens",
  "batch",
  "engine",
  "images/s",
  "× eager PyTorch",
  "GFLOP/s",
  "of peak",
  "peak GiB",
  "around step",
  "first step",
  "loss differs by",
];

/** One line per engine and cell of a model; those left out are lines without figures. */
export function stepTable(record: BenchRecord, model: string): string {
  return table([
    STEP_HEAD,
    ...record.cells.filter((cell) => cell.model === model).flatMap((cell) => cellLines(record, cell)),
  ]);
}

function cellLines(record: BenchRecord, cell: Cell): string[][] {
  const baseline = cell.rows.find((row) => row.engine === BASELINE);
  const micro = cell.microBatch < cell.batchSize ? ` (${cell.microBatch} at a time)` : "";
  const head = [String(cell.maskRate), `${cell.visibleTokens} of ${cell.tokens}`, `${cell.batchSize}${micro}`];
  return cell.rows.map((row) => {
    if (row.state !== "measured") {
      return [...head, row.engine, row.state === "differs" ? "another result" : "left out", ...Array(7).fill("–")];
    }
    const speed = spread(perSecond(row.blocks));
    const flopsPerSecond = (cell.flopsPerStep / cell.batchSize) * speed.median;
    const facts = record.engines.find(({ id }) => id === row.engine);
    const peak = peakOf(record, facts?.graphics ?? false);
    const around = aroundShare(cell, row.engine);
    const ratio = baseline?.state === "measured" ? pairedRatio(row.blocks, baseline.blocks) : null;
    return [
      ...head,
      row.variant ? `${row.engine} (${row.variant})` : row.engine,
      withSpread(speed),
      row.engine === BASELINE ? "1" : ratioText(ratio),
      digits(flopsPerSecond / 1e9),
      peak ? percent(flopsPerSecond / peak.flopsPerSecond) : "–",
      (row.peakMemoryBytes / 2 ** 30).toFixed(2),
      around === null ? "–" : `${(100 * around).toFixed(1)} %`,
      `${digits(row.secondsToFirstStep)} s`,
      row.engine === cell.reference ? "reference" : row.lossDifference.toExponential(1),
    ];
  });
}

/** What is missing from the tables, and why. */
export function leftOutList(record: BenchRecord): string[] {
  const steps = record.cells.flatMap(({ model, maskRate, batchSize, rows }) =>
    rows.flatMap((row) => reasonOf(`${row.engine}, ${model}, m = ${maskRate}, batch ${batchSize}`, row)),
  );
  const sampling = record.sampling.flatMap(({ model, rows }) =>
    rows.flatMap((row) => reasonOf(`${row.engine}, sampling, ${model}`, row)),
  );
  return [...record.missing.map(({ id, reason }) => `${id}: ${reason}`), ...steps, ...sampling, ...notReached(record)];
}

/** What was planned, and was not begun or not ended. */
function notReached({ planned, cells, sampling }: BenchRecord): string[] {
  const reason = "all engines: the benchmark was ended before";
  return [
    ...planned.cells
      .filter((key) => !cells.some((cell) => isSameCell(cell, key)))
      .map(({ model, maskRate, batchSize }) => `${model}, m = ${maskRate}, batch ${batchSize}, ${reason}`),
    ...planned.sampling
      .filter((model) => !sampling.some((row) => row.model === model))
      .map((model) => `sampling, ${model}, ${reason}`),
  ];
}

function reasonOf(what: string, row: Cell["rows"][number] | SamplingRow): string[] {
  if (row.state === "left out") return [`${what}: ${row.reason}`];
  if (row.state === "measured") return [];
  const difference =
    "lossDifference" in row ? `losses differ by ${row.lossDifference}` : `images differ by ${row.imageDifference}`;
  return [`${what}: **it computes something else**, ${difference}`];
}

export function samplingTable(record: BenchRecord): string {
  const head = [
    "model",
    "engine",
    "evaluations/s",
    "images/s",
    "× eager PyTorch",
    "time to first image",
    "image differs by",
  ];
  const lines = record.sampling.flatMap(({ model, batchSize, steps, reference, rows }) => {
    const baseline = rows.find(({ engine }) => engine === BASELINE);
    return rows.map((row) => {
      if (row.state !== "measured") {
        return [model, row.engine, row.state === "differs" ? "another result" : "left out", "–", "–", "–", "–"];
      }
      const evaluations = spread(perSecond(row.blocks));
      const ratio = baseline?.state === "measured" ? pairedRatio(row.blocks, baseline.blocks) : null;
      return [
        model,
        row.variant ? `${row.engine} (${row.variant})` : row.engine,
        withSpread(evaluations),
        digits((evaluations.median * batchSize) / steps),
        row.engine === BASELINE ? "1" : ratioText(ratio),
        `${withSpread(spread(row.secondsToFirstImage))} s`,
        row.engine === reference ? "reference" : row.imageDifference.toExponential(1),
      ];
    });
  });
  return table([head, ...lines]);
}

export function targetTable(targets: readonly Target[]): string {
  const lines = targets.map(({ engine, what, goal, worst, met, format }) => [
    engine,
    what,
    goal,
    worst ? written(worst.value, format) : "not measured",
    worst ? worst.where : "–",
    met === null ? "–" : met ? "met" : "**missed**",
  ]);
  return table([["engine", "target", "goal", "worst measured", "at", ""], ...lines]);
}

export function engineTable(engines: readonly EngineFacts[]): string {
  const lines = engines.map(({ id, version, threads, peak }) => [
    id,
    version,
    String(threads),
    peak ? `${digits(peak.flopsPerSecond / 1e9)} GFLOP/s at ${peak.size}³` : "–",
  ]);
  return table([["engine", "version", "threads", "largest matrix product"], ...lines]);
}
