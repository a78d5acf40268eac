/** What the page knows: its runs, their lines, and what is in view. Parts listen to what they show. */
import type { DashboardProtocol, LineKind, LinesEvent, RunInfo } from "../../src/core/protocol/dashboard.ts";
import { CHARTS, type ChartId } from "../../src/core/series/charts.ts";
import { Line } from "../../src/core/series/line.ts";
import { suitableSmoothing } from "../../src/core/series/smooth.ts";
import { Messenger } from "../ui/messenger.ts";
import { type Palette, readPalette } from "../ui/palette.ts";
import { remember, settings } from "./settings.ts";

/** With more runs than this the raw values of smoothed lines, and bands, would cover each other. */
const RAW_RUNS = 12;
/** A view that was not moved for so long is at rest. */
const REST_MS = 200;

export type RunLines = Readonly<Record<LineKind, Line>>;

/** A place on the shared x axis that all charts mark. */
export interface CrossHair {
  readonly x: number;
  /** the chart that is pointed at */
  readonly chart: ChartId;
  /** where in it, in its pixels; null: by keyboard */
  readonly at: { readonly x: number; readonly y: number } | null;
}

type Topic = "runs" | "status" | "lines" | "view" | "cross" | "theme";

export class Model {
  readonly messenger = new Messenger<DashboardProtocol>();
  runs: readonly RunInfo[] = [];
  palette: Palette = readPalette();
  cross: CrossHair | null = null;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private readonly lines = new Map<ChartId, Map<number, RunLines>>();
  private readonly listeners = new Map<Topic, ((charts: ReadonlySet<ChartId> | null) => void)[]>();

  constructor() {
    this.messenger.on("runs", (runs) => this.setRuns(runs));
    this.messenger.on("run", (run) => {
      const { tau } = this;
      this.runs = this.runs.map((other) => (other.dir === run.dir ? run : other));
      this.tell("status");
      if (this.tau !== tau) this.tell("view");
    });
    this.messenger.on("lines", (event) => this.takeLines(event));
    new MutationObserver(() => {
      this.palette = readPalette();
      this.tell("theme");
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  on(topic: Topic, listener: (charts: ReadonlySet<ChartId> | null) => void): void {
    const list = this.listeners.get(topic) ?? [];
    list.push(listener);
    this.listeners.set(topic, list);
  }

  tell(topic: Topic, charts: ReadonlySet<ChartId> | null = null): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(charts);
  }

  get shownRuns(): readonly RunInfo[] {
    return this.runs.filter(({ dir }) => !settings.hidden.includes(dir));
  }

  /** Steps of the moving average: as chosen, else what suits the steps there are, not those still to come. */
  get tau(): number {
    return (
      settings.tau ??
      suitableSmoothing(Math.max(0, ...this.runs.map(({ step, totalSteps }) => step ?? totalSteps ?? 0)))
    );
  }

  /** Whether raw values are drawn behind smoothed ones, and bands behind lines. */
  get showsRaw(): boolean {
    return this.shownRuns.length <= RAW_RUNS;
  }

  smooths(chart: ChartId): boolean {
    return CHARTS[chart].smoothed && this.tau > 0;
  }

  linesOf(chart: ChartId, slot: number): RunLines {
    let runs = this.lines.get(chart);
    if (runs === undefined) {
      runs = new Map();
      this.lines.set(chart, runs);
    }
    let lines = runs.get(slot);
    if (lines === undefined) {
      lines = { raw: new Line(), smooth: new Line(), low: new Line(), high: new Line() };
      runs.set(slot, lines);
    }
    return lines;
  }

  /** The line that stands for a run in a chart: smoothed where it is. */
  mainLine(chart: ChartId, slot: number): Line {
    const { raw, smooth } = this.linesOf(chart, slot);
    // Until the smoothed line has come, the raw one stands for it.
    return this.smooths(chart) && smooth.length > 0 ? smooth : raw;
  }

  /** Half the height of a run's band at a point of its line; NaN: it has none there. */
  errorAt(chart: ChartId, slot: number, x: number, y: number): number {
    const { high } = this.linesOf(chart, slot);
    const at = high.nearest(x, 0);
    return at !== null && high.xs[at] === x ? high.ys[at]! - y : Number.NaN;
  }

  /** First and last x of what is drawn; null: nothing is. */
  extent(chart: ChartId): [low: number, high: number] | null {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { slot } of this.shownRuns) {
      const { xs, length } = this.mainLine(chart, slot);
      if (length === 0) continue;
      let first = 0;
      while (settings.logX && first < length - 1 && xs[first]! <= 0) first++;
      low = Math.min(low, xs[first]!);
      high = Math.max(high, xs[length - 1]!);
    }
    if (low > high) return null;
    if (!settings.logX && settings.x !== "time") low = Math.min(0, low);
    return low < high ? [low, high] : settings.logX ? [low / 1.5, high * 1.5] : [low - 1, high + 1];
  }

  setHidden(dir: string, hidden: boolean): void {
    const others = settings.hidden.filter((other) => other !== dir);
    settings.hidden = hidden ? [...others, dir] : others;
    remember();
    this.tell("view");
  }

  /** Whether the view was moved a moment ago and may be moved again: lines are drawn more simply meanwhile. */
  get moving(): boolean {
    return this.rest !== undefined;
  }

  setRange(range: [number, number] | null): void {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.rest = undefined;
      this.tell("lines");
    }, REST_MS);
    settings.range = range;
    remember();
    this.tell("view");
  }

  setCross(cross: CrossHair | null): void {
    this.cross = cross;
    this.tell("cross");
  }

  /** For another x axis: what was drawn means nothing on it. */
  forgetLines(): void {
    this.lines.clear();
  }

  private setRuns(runs: readonly RunInfo[]): void {
    const slots = new Set(runs.map(({ slot }) => slot));
    for (const chart of this.lines.values()) for (const slot of chart.keys()) if (!slots.has(slot)) chart.delete(slot);
    this.runs = runs;
    settings.runs = runs.map(({ dir, slot }) => ({ dir, slot }));
    settings.hidden = settings.hidden.filter((dir) => runs.some((run) => run.dir === dir));
    remember();
    this.tell("runs");
    this.tell("view");
  }

  private takeLines({ x, logX, xs, ys, parts }: LinesEvent): void {
    if (x !== settings.x || logX !== settings.logX) return;
    const charts = new Set<ChartId>();
    let at = 0;
    for (const { chart, slot, kind, from, count } of parts) {
      const line = this.linesOf(chart, slot)[kind];
      line.replaceFrom(from ?? Number.NEGATIVE_INFINITY, xs.subarray(at, at + count), ys.subarray(at, at + count));
      at += count;
      charts.add(chart);
    }
    this.tell("lines", charts);
  }
}
