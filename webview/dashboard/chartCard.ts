/** One chart with its header, its legend-free canvas, the marks of the cross-hair and its table. */
import { Chart } from "chart.js";
import { CHARTS, type ChartId, type ChartSpec } from "../../src/core/series/charts.ts";
import { automaticYRange } from "../../src/core/series/yRange.ts";
import { element } from "../ui/element.ts";
import { type Range, xTicks, yTicks } from "./axes.ts";
import { exportMenuOf } from "./chartExports.ts";
import { ChartTable } from "./chartTable.ts";
import type { ChartView } from "./chartView.ts";
import { CrossHairLayer } from "./crossHairLayer.ts";
import { formatError, formatValue, formatX } from "./format.ts";
import { listenForGestures } from "./gestures.ts";
import { iconButton, setIcon } from "./iconButton.ts";
import type { Model } from "./model.ts";
import type { DrawnBand, DrawnLine, SeriesDataset } from "./seriesController.ts";
import { remember, settings } from "./settings.ts";

/** Width of a y axis unless its labels need more, so that the plots of a column of charts stand below each other. */
const Y_AXIS_WIDTH = 58;
const FAINT = 0.33;
const MANY_RUNS = 12;

export class ChartCard implements ChartView {
  readonly root: HTMLElement;
  readonly spec: ChartSpec;
  readonly layer: CrossHairLayer;
  private readonly canvas = element("canvas", { "aria-hidden": "true" });
  private readonly plot: HTMLElement;
  private readonly readout = element("span", { class: "readout" });
  private readonly empty = element("div", { class: "empty" }, "No points yet");
  private readonly note = element("div", { class: "note", hidden: "" }, "Outliers outside");
  private readonly logButton: HTMLButtonElement;
  private readonly resetButton: HTMLButtonElement;
  private readonly largeButton: HTMLButtonElement;
  private readonly table: ChartTable;
  private chart: Chart<"series"> | null = null;
  private lines: readonly DrawnLine[] = [];
  private bands: readonly DrawnBand[] = [];
  private x: Range = [0, 1];
  private y: Range = [0, 1];
  private outliersOutside = false;

  constructor(
    readonly id: ChartId,
    readonly model: Model,
  ) {
    this.spec = CHARTS[id];
    this.layer = new CrossHairLayer(this);
    this.plot = element(
      "div",
      { class: "plot" },
      this.canvas,
      this.layer.canvas,
      this.empty,
      this.note,
      this.layer.tooltip,
    );
    this.table = new ChartTable(this);
    this.logButton = iconButton("log", "Logarithmic y axis", () => this.setLogarithmic(!this.logarithmic));
    this.resetButton = iconButton("reset", "Reset zoom (double-click)", () => this.resetZoom());
    this.largeButton = iconButton("enlarge", "Enlarge", () => {
      settings.large = settings.large === this.id ? null : this.id;
      remember();
      this.model.tell("view");
    });
    const header = element(
      "header",
      {},
      element("h3", {}, this.spec.title),
      this.readout,
      element("span", { class: "tools" }, this.resetButton, this.logButton, exportMenuOf(this), this.largeButton),
    );
    this.root = element(
      "section",
      { class: "chart", "aria-label": this.spec.title },
      header,
      this.plot,
      this.table.root,
    );
    this.root.dataset["chart"] = id;
    if (this.spec.small) this.root.classList.add("small");
    listenForGestures(this);
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  get logarithmic(): boolean {
    return settings.logY.includes(this.id);
  }

  /** What is in view. */
  get xRange(): Range {
    return this.x;
  }
  get yRange(): Range {
    return this.y;
  }
  get leavesOut(): boolean {
    return this.outliersOutside;
  }

  /** The plot inside the axes, in CSS pixels of the canvas; null before it was drawn. */
  get area(): { left: number; right: number; top: number; bottom: number } | null {
    return this.chart?.chartArea ?? null;
  }

  get drawnLines(): readonly DrawnLine[] {
    return this.lines;
  }
  get drawnBands(): readonly DrawnBand[] {
    return this.bands;
  }

  /** Whether no run that is shown has what it shows. */
  get isAbsent(): boolean {
    return this.spec.optional && this.model.extent(this.id) === null;
  }

  xAt(pixel: number): number {
    return this.chart?.scales["x"]?.getValueForPixel(pixel) ?? 0;
  }
  yAt(pixel: number): number {
    return this.chart?.scales["y"]?.getValueForPixel(pixel) ?? 0;
  }
  pixelOfX(value: number): number {
    return this.chart?.scales["x"]?.getPixelForValue(value) ?? 0;
  }
  pixelOfY(value: number): number {
    return this.chart?.scales["y"]?.getPixelForValue(value) ?? 0;
  }

  setYRange(range: [number, number] | null): void {
    if (range === null) delete settings.yRange[this.id];
    else settings.yRange[this.id] = range;
    remember();
    this.model.tell("lines", new Set([this.id]));
  }

  resetZoom(): void {
    delete settings.yRange[this.id];
    this.model.setRange(null);
  }

  /** Draws what the model has. */
  draw(): void {
    const { model, id, spec } = this;
    if (this.plot.clientWidth === 0) return;
    const extent = model.extent(id);
    const range = settings.range;
    this.x = range !== null && (!settings.logX || range[0] > 0) ? range : (extent ?? [settings.logX ? 1 : 0, 10]);
    this.lines = this.makeLines();
    this.bands = this.makeBands();
    const edges = this.bands.flatMap(({ low, high }) => [low, high].map((line) => ({ line, opacity: 1 })));
    const fixed = settings.yRange[id];
    const { ignoreOutliers } = settings;
    const { range: y, leavesOut } =
      fixed !== undefined && (!this.logarithmic || fixed[0] > 0)
        ? { range: fixed, leavesOut: false }
        : automaticYRange([...this.lines, ...edges], this.x, {
            logarithmic: this.logarithmic,
            fromZero: spec.fromZero,
            ignoreOutliers,
          });
    this.y = y;
    this.outliersOutside = leavesOut;
    this.note.hidden = !leavesOut;
    this.empty.hidden = extent !== null;
    this.resetButton.hidden = range === null && fixed === undefined;
    const large = settings.large === id;
    this.largeButton.setAttribute("aria-pressed", String(large));
    setIcon(this.largeButton, large ? "reduce" : "enlarge");
    this.logButton.setAttribute("aria-pressed", String(this.logarithmic));
    this.update();
    // How far the newest line goes, and how many go as far, for whoever looks from outside.
    const last = extent?.[1] ?? null;
    const ends = model.shownRuns.map(({ slot }) => model.mainLine(id, slot)).map(({ xs, length }) => xs[length - 1]);
    this.root.dataset["last"] = String(last ?? "");
    this.root.dataset["reaching"] = String(ends.filter((end) => end === last).length);
    this.layer.draw();
    this.table.refresh();
  }

  /** The values at the cross-hair, beside the title. */
  setReadout(values: readonly { readonly text: string; readonly colour: string }[]): void {
    this.readout.replaceChildren(
      ...values.map(({ text, colour }) => {
        const value = element("span", {}, text);
        value.style.setProperty("--line", colour);
        return value;
      }),
    );
  }

  /** For screen readers: the newest value of each line. */
  describe(): void {
    const { id, model, spec } = this;
    const values = model.shownRuns.slice(0, 12).map(({ slot, label }) => {
      const { xs, ys, length } = model.mainLine(id, slot);
      if (length === 0) return `${label}: no points`;
      const error = model.errorAt(id, slot, xs[length - 1]!, ys[length - 1]!);
      return `${label}: ${formatValue(ys[length - 1]!, spec.format)}${formatError(error, spec.format)}`;
    });
    const to = formatX(this.x[1], settings.x);
    const outside = this.leavesOut ? " Outliers lie outside the picture." : "";
    const label = `${spec.title} up to ${to}. ${values.join(", ")}.${outside} Arrow keys move the cross-hair; plus, minus and 0 zoom.`;
    const { canvas } = this.layer;
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  }

  /** Forgets the drawn chart, for other colours or other kinds of axes. */
  renew(): void {
    this.chart?.destroy();
    this.chart = null;
  }

  private setLogarithmic(on: boolean): void {
    settings.logY = on ? [...settings.logY, this.id] : settings.logY.filter((id) => id !== this.id);
    delete settings.yRange[this.id];
    remember();
    this.renew();
    this.draw();
  }

  private makeLines(): DrawnLine[] {
    const { model, id } = this;
    const runs = model.shownRuns;
    const smooths = model.smooths(id);
    const many = runs.length > MANY_RUNS;
    // Dashes and wide strokes of many lines take longer than a frame.
    const plain = many && model.moving;
    const width = many ? 1 : 1.75;
    const faint: DrawnLine[] = [];
    const strong: DrawnLine[] = [];
    for (const { slot } of runs) {
      const { colour, dash } = model.palette.style(slot);
      const { raw } = model.linesOf(id, slot);
      if (smooths && model.showsRaw) faint.push({ line: raw, colour, dash: [], width: 1, opacity: FAINT });
      strong.push({ line: model.mainLine(id, slot), colour, dash: plain ? [] : dash, width, opacity: 1 });
    }
    return [...faint, ...strong];
  }

  private makeBands(): DrawnBand[] {
    const { model, id, spec } = this;
    if (spec.error === null || !model.showsRaw) return [];
    return model.shownRuns.map(({ slot }) => {
      const { low, high } = model.linesOf(id, slot);
      return { low, high, colour: model.palette.style(slot).colour };
    });
  }

  private update(): void {
    this.chart ??= this.makeChart();
    const { scales } = this.chart.options;
    const dataset = this.chart.data.datasets[0] as unknown as SeriesDataset;
    dataset.lines = this.lines;
    dataset.bands = this.bands;
    Object.assign(scales!["x"]!, { min: this.x[0], max: this.x[1] });
    Object.assign(scales!["y"]!, { min: this.y[0], max: this.y[1] });
    this.chart.update("none");
  }

  private resize(): void {
    this.chart?.resize();
    this.model.tell("view");
  }

  private makeChart(): Chart<"series"> {
    const { palette } = this.model;
    const font = { family: palette.font, size: 11 };
    const dataset = { type: "series", data: [], bands: this.bands, lines: this.lines } as SeriesDataset;
    const grid = { color: palette.grid, tickColor: palette.grid, tickLength: 4, drawTicks: true };
    const border = { color: palette.grid };
    return new Chart<"series">(this.canvas, {
      type: "series",
      data: { datasets: [dataset as never] },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        parsing: false,
        normalized: true,
        events: [],
        layout: { padding: { top: 6, right: 10 } },
        scales: {
          x: {
            type: settings.logX ? "logarithmic" : "linear",
            grid: { ...grid, drawOnChartArea: false },
            border,
            ticks: { color: palette.muted, font, autoSkip: false, maxRotation: 0, includeBounds: false },
            afterBuildTicks: (axis) => {
              const { ticks, format } = xTicks(settings.x, this.x, settings.logX, this.plot.clientWidth - Y_AXIS_WIDTH);
              axis.ticks = ticks.map((value) => ({ value, label: format(value) }));
            },
            afterTickToLabelConversion: (axis) => {
              const { format } = xTicks(settings.x, this.x, settings.logX, this.plot.clientWidth - Y_AXIS_WIDTH);
              for (const tick of axis.ticks) tick.label = format(tick.value);
            },
          },
          y: {
            type: this.logarithmic ? "logarithmic" : "linear",
            grid,
            border: { ...border, display: false },
            ticks: { color: palette.muted, font, autoSkip: false, padding: 4, includeBounds: false },
            afterFit: (axis) => {
              axis.width = Math.max(Y_AXIS_WIDTH, axis.width);
            },
            afterBuildTicks: (axis) => {
              const { ticks } = yTicks(this.spec.format, this.y, this.logarithmic, this.plot.clientHeight - 30);
              axis.ticks = ticks.map((value) => ({ value }));
            },
            afterTickToLabelConversion: (axis) => {
              const { format } = yTicks(this.spec.format, this.y, this.logarithmic, this.plot.clientHeight - 30);
              for (const tick of axis.ticks) tick.label = format(tick.value);
            },
          },
        },
      },
    });
  }
}
