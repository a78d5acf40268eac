/** What the project wants to reach, beside what was measured. */
import { type BenchRecord, type Cell, isMeasured, measuredRow, peakOf } from "./record.ts";
import { median, pairedRatio } from "./statistics.ts";

/** Engines that the targets are set for. */
const JUDGED = ["native", "onnx"];
const BASELINE = "pytorch";
const SMALL_BATCH = 32;

export interface Target {
  readonly engine: string;
  readonly what: string;
  readonly goal: string;
  /** the worst of the rows it is judged by, and where that is; null: no row that could judge it was measured */
  readonly worst: { readonly value: number; readonly where: string } | null;
  readonly met: boolean | null;
  /** how the value is written */
  readonly format: "ratio" | "percent";
}

interface Found {
  readonly value: number;
  readonly where: string;
}

const where = ({ model, maskRate, batchSize }: Cell): string => `${model}, m = ${maskRate}, batch ${batchSize}`;
const speed = (blocks: readonly { readonly perSecond: number }[]): number =>
  median(blocks.map(({ perSecond }) => perSecond));

/** Every target for every engine it is set for and that was measured. */
export function judge(record: BenchRecord): Target[] {
  return JUDGED.filter((engine) => record.cells.some((cell) => measuredRow(cell, engine) !== null)).flatMap(
    (engine) => [
      ...["tiny", "S"].flatMap((model) => [
        atLeast(
          engine,
          `images/s against eager PyTorch, ${model}, m = 0.9`,
          1.2,
          "ratio",
          against(record, engine, model, 0.9),
        ),
        atLeast(
          engine,
          `images/s against eager PyTorch, ${model}, m = 0`,
          1,
          "ratio",
          against(record, engine, model, 0),
        ),
      ]),
      atMost(
        engine,
        `step at m = 0.9 over step at m = 0, 64 px, batch ≥ ${SMALL_BATCH}`,
        0.13,
        "ratio",
        savings(record, engine),
      ),
      atLeast(engine, "share of the matrix-product peak, S", 0.7, "percent", sharesOfPeak(record, engine)),
      below(engine, "step without forward and backward: data, masks, noise, AdamW, EMA", 0.05, around(record, engine)),
      atMost(engine, "peak memory against eager PyTorch's", 1, "ratio", memory(record, engine)),
    ],
  );
}

function atLeast(
  engine: string,
  what: string,
  goal: number,
  format: Target["format"],
  found: readonly Found[],
): Target {
  const worst = found.length === 0 ? null : found.reduce((a, b) => (b.value < a.value ? b : a));
  return { engine, what, goal: `≥ ${written(goal, format)}`, worst, met: worst && worst.value >= goal, format };
}

function atMost(engine: string, what: string, goal: number, format: Target["format"], found: readonly Found[]): Target {
  const worst = largestOf(found);
  return { engine, what, goal: `≤ ${written(goal, format)}`, worst, met: worst && worst.value <= goal, format };
}

function below(engine: string, what: string, goal: number, found: readonly Found[]): Target {
  const worst = largestOf(found);
  return {
    engine,
    what,
    goal: `< ${written(goal, "percent")}`,
    worst,
    met: worst && worst.value < goal,
    format: "percent",
  };
}

const largestOf = (found: readonly Found[]): Found | null =>
  found.length === 0 ? null : found.reduce((a, b) => (b.value > a.value ? b : a));

/** 1.23 or 45.6 % */
export function written(value: number, format: Target["format"]): string {
  return format === "percent" ? `${Number((100 * value).toFixed(1))} %` : String(Number(value.toFixed(3)));
}

function against({ cells }: BenchRecord, engine: string, model: string, maskRate: number): Found[] {
  return cells
    .filter((cell) => cell.model === model && cell.maskRate === maskRate)
    .flatMap((cell) => {
      const ratio = pairedRatio(measuredRow(cell, engine)?.blocks ?? [], measuredRow(cell, BASELINE)?.blocks ?? []);
      return ratio ? [{ value: ratio.median, where: where(cell) }] : [];
    });
}

/** Time of a masked step over that of the same batch whole. */
function savings({ cells }: BenchRecord, engine: string): Found[] {
  return cells
    .filter(({ imageSize, maskRate, batchSize }) => imageSize === 64 && maskRate === 0.9 && batchSize >= SMALL_BATCH)
    .flatMap((masked) => {
      const whole = cells.find(
        ({ model, maskRate, batchSize }) => model === masked.model && maskRate === 0 && batchSize === masked.batchSize,
      );
      const fast = measuredRow(masked, engine);
      const slow = whole && measuredRow(whole, engine);
      return fast && slow ? [{ value: speed(slow.blocks) / speed(fast.blocks), where: where(masked) }] : [];
    });
}

function sharesOfPeak(record: BenchRecord, engine: string): Found[] {
  const peak = peakOf(record, false);
  if (!peak) return [];
  return record.cells
    .filter(({ model }) => model === "S")
    .flatMap((cell) => {
      const row = measuredRow(cell, engine);
      if (!row) return [];
      const flopsPerSecond = (cell.flopsPerStep / cell.batchSize) * speed(row.blocks);
      return [{ value: flopsPerSecond / peak.flopsPerSecond, where: where(cell) }];
    });
}

function around({ cells }: BenchRecord, engine: string): Found[] {
  return cells.flatMap((cell) => {
    const share = aroundShare(cell, engine);
    return share === null ? [] : [{ value: share, where: where(cell) }];
  });
}

/** Share of a step that is not forward and backward, as blocks have it; null where an engine does not tell them apart. */
export function aroundShare(cell: Cell, engine: string): number | null {
  const shares = measuredRow(cell, engine)?.blocks.flatMap((block) => block.aroundShare ?? []) ?? [];
  return shares.length === 0 ? null : median(shares);
}

function memory({ cells }: BenchRecord, engine: string): Found[] {
  return cells.flatMap((cell) => {
    const own = measuredRow(cell, engine);
    const baseline = cell.rows.filter(isMeasured).find((row) => row.engine === BASELINE);
    return own && baseline ? [{ value: own.peakMemoryBytes / baseline.peakMemoryBytes, where: where(cell) }] : [];
  });
}
