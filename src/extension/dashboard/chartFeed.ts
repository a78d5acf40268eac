/** Prepares the points of a panel's charts: what is in view, and then only what changes in it. */
import type { ChartView, LinePart, LinesEvent } from "../../core/protocol/dashboard.ts";
import { bandEdge } from "../../core/series/band.ts";
import { CHARTS, type ChartId } from "../../core/series/charts.ts";
import { lowerBound, type RunColumns } from "../../core/series/columns.ts";
import { type BucketGrid, bucketGrid, decimate, gridKey, PointList, type Series } from "../../core/series/decimate.ts";
import { SmoothedSeries } from "../../core/series/smooth.ts";

/** New points are gathered for this long. */
const COALESCE_MS = 80;
/** Other work of the extension host gets its turn this often. */
const SLICE_MS = 8;
/** Points of one chart's lines altogether: with many runs each gets fewer than a pixel column has room for. */
const CHART_POINTS = 24_000;
const FEWEST_BUCKETS = 120;

interface FedRun {
  readonly slot: number;
  readonly columns: RunColumns;
  /** first row that changed since the last sending; Infinity: none */
  changed: number;
  readonly smoothed: Map<ChartId, { readonly series: SmoothedSeries; changed: number }>;
  /** for each optional chart how many of the first rows are known to have no value */
  readonly empty: Map<ChartId, number>;
  /** for each chart what its lines were last sent for */
  readonly sent: Map<ChartId, string>;
}

export class ChartFeed {
  private readonly runs = new Map<string, FedRun>();
  private view: ChartView | null = null;
  private timer: NodeJS.Timeout | undefined;
  private flushedAt = 0;
  /** sendings one after another, so that each finds what the one before has sent */
  private work: Promise<void> = Promise.resolve();
  private disposed = false;

  constructor(private readonly send: (lines: LinesEvent) => void) {}

  add(dir: string, slot: number, columns: RunColumns): void {
    this.runs.set(dir, { slot, columns, changed: 0, smoothed: new Map(), empty: new Map(), sent: new Map() });
    this.schedule();
  }

  remove(dir: string): void {
    this.runs.delete(dir);
  }

  /** To be told whenever a run's columns changed. @param row the first that is new or other than before */
  changed(dir: string, row: number): void {
    const run = this.runs.get(dir);
    if (run === undefined) return;
    run.changed = Math.min(run.changed, row);
    for (const smoothed of run.smoothed.values()) smoothed.changed = Math.min(smoothed.changed, row);
    this.schedule();
  }

  /** Sends what the view needs and has not been sent yet; resolved when it is. */
  setView(view: ChartView): Promise<void> {
    const before = this.view;
    this.view = view;
    if (before !== null && before.tau !== view.tau) for (const run of this.runs.values()) run.smoothed.clear();
    return this.enqueue(() => this.sendMissing());
  }

  /** Sends nothing until the next view, and then everything: the page is hidden, or a new one that knows nothing. */
  pause(): void {
    this.view = null;
    for (const run of this.runs.values()) run.sent.clear();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }

  private enqueue(task: () => Promise<void>): Promise<void> {
    this.work = this.work.then(() => (this.disposed ? undefined : task()));
    return this.work;
  }

  private schedule(): void {
    if (this.timer !== undefined || this.disposed || this.view === null) return;
    const wait = Math.max(0, this.flushedAt + COALESCE_MS - performance.now());
    this.timer = setTimeout(() => {
      void this.enqueue(async () => {
        this.timer = undefined;
        this.flushedAt = performance.now();
        await this.sendMissing();
      });
    }, wait);
  }

  /** For each chart in view, those lines that were sent for another view, whole, and of the others what has changed. */
  private async sendMissing(): Promise<void> {
    const view = this.view;
    if (view === null) return;
    const shown = [...this.runs].filter(([dir]) => !view.hidden.includes(dir)).map(([, run]) => run);
    const grid = this.grid(view, shown);
    const key = [gridKey(grid), view.x, view.tau, view.raw].join();
    const slice = new Slice();
    const changes = new Map(shown.map((run) => [run, run.changed]));
    for (const run of shown) run.changed = Number.POSITIVE_INFINITY;
    for (const run of this.runs.values()) {
      const kept = changes.has(run) ? view.charts : [];
      for (const chart of run.sent.keys()) if (!kept.includes(chart)) run.sent.delete(chart);
    }
    for (const chart of view.charts) {
      const message = new LinesMessage(view);
      for (const run of shown) {
        const changed = run.sent.get(chart) === key ? changes.get(run)! : 0;
        if (changed === Number.POSITIVE_INFINITY) continue;
        this.addLines(message, chart, run, { view, grid, changed });
        run.sent.set(chart, key);
        await slice.over();
        if (this.disposed || this.view === null) return;
      }
      if (message.parts.length > 0) this.send(message.event());
    }
  }

  private grid(view: ChartView, shown: readonly FedRun[]): BucketGrid {
    const perRun = Math.floor(CHART_POINTS / 2 / Math.max(1, shown.length));
    const pixels = Math.min(view.pixels, Math.max(FEWEST_BUCKETS, perRun));
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { columns } of shown) {
      const xs = columns.axis(view.x);
      const first = view.logX ? lowerBound(xs, columns.length, Number.MIN_VALUE) : 0;
      if (first >= columns.length) continue;
      low = Math.min(low, xs[first]!);
      high = Math.max(high, xs[columns.length - 1]!);
    }
    return bucketGrid(view.range, low <= high ? [low, high] : [0, 1], pixels, view.logX);
  }

  private addLines(
    message: LinesMessage,
    chart: ChartId,
    run: FedRun,
    { view, grid, changed }: { view: ChartView; grid: BucketGrid; changed: number },
  ): void {
    const { columns, slot } = run;
    const { smoothed, spansGaps, error } = CHARTS[chart];
    const raw = columns.measure(chart);
    // Most runs have nothing to show in some charts, and are asked again with every move of the view.
    const length = this.isEmpty(run, chart, changed) ? 0 : columns.length;
    const series: Series = { xs: columns.axis(view.x), ys: raw, length, spansGaps };
    const smooths = smoothed && view.tau > 0;
    if (!smooths || view.raw) message.add({ chart, slot, kind: "raw" }, series, grid, changed);
    for (const kind of error !== null && view.raw ? (["low", "high"] as const) : []) {
      const ys = bandEdge(raw, columns.measure(error!), length, kind);
      message.add({ chart, slot, kind }, { ...series, ys }, grid, changed);
    }
    if (!smooths) return;
    let kept = run.smoothed.get(chart);
    if (kept === undefined) {
      kept = { series: new SmoothedSeries(view.tau), changed: 0 };
      run.smoothed.set(chart, kept);
    }
    const from = Number.isFinite(kept.changed)
      ? kept.series.update(columns.axis("step"), raw, columns.length, kept.changed)
      : Number.POSITIVE_INFINITY;
    kept.changed = Number.POSITIVE_INFINITY;
    const ys = kept.series.values;
    message.add({ chart, slot, kind: "smooth" }, { ...series, ys }, grid, Math.min(changed, from));
  }

  /** Whether an optional chart has nothing to show of a run; rows that were looked through are not looked through again. */
  private isEmpty({ columns, empty }: FedRun, chart: ChartId, changed: number): boolean {
    if (!CHARTS[chart].optional) return false;
    const values = columns.measure(chart);
    let row = Math.min(empty.get(chart) ?? 0, changed, columns.length);
    while (row < columns.length && Number.isNaN(values[row]!)) row++;
    empty.set(chart, row);
    return row === columns.length;
  }
}

/** Lines on their way to the page. */
class LinesMessage {
  readonly parts: LinePart[] = [];
  private readonly points = new PointList();

  constructor(private readonly view: ChartView) {}

  add(line: Pick<LinePart, "chart" | "slot" | "kind">, series: Series, grid: BucketGrid, changed: number): void {
    const before = this.points.length;
    const from = decimate(series, grid, changed, this.points);
    this.parts.push({ ...line, from: Number.isFinite(from) ? from : null, count: this.points.length - before });
  }

  event(): LinesEvent {
    const { xs, ys, length } = this.points;
    const { x, logX } = this.view;
    return { x, logX, xs: xs.slice(0, length), ys: ys.slice(0, length), parts: this.parts };
  }
}

/** Lets the event loop go on after each few milliseconds of work. */
export class Slice {
  private began = performance.now();

  async over(): Promise<void> {
    if (performance.now() - this.began < SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.began = performance.now();
  }
}
