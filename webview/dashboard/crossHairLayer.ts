/** What lies above a chart: the cross-hair with its marks and values, and the band of a drag. Moving it draws no line anew. */
import { BAND_TEXT } from "../../src/core/series/band.ts";
import { element } from "../ui/element.ts";
import type { Band, ChartMarks, ChartView } from "./chartView.ts";
import { formatError, formatValue, formatX } from "./format.ts";
import { lineSample } from "./iconButton.ts";
import { settings } from "./settings.ts";

interface Marked {
  readonly label: string;
  readonly slot: number;
  readonly x: number;
  readonly y: number;
  /** not smoothed; NaN: the same, or not known */
  readonly raw: number;
  /** half the height of the band; NaN: there is none */
  readonly error: number;
}

/** A longer list would cover the chart. */
const MOST_ROWS = 24;
const MOST_READOUTS = 4;
const SMALL_READOUTS = 2;
const ANNOUNCE_MS = 400;

export class CrossHairLayer implements ChartMarks {
  readonly canvas = element("canvas", { class: "layer", tabindex: "0", role: "img" });
  readonly tooltip = element("div", { class: "tooltip", "aria-hidden": "true" });
  private readonly context = this.canvas.getContext("2d")!;
  private marked: Band | null = null;
  private announcing: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly card: ChartView) {
    this.tooltip.hidden = true;
  }

  get band(): Band | null {
    return this.marked;
  }
  set band(band: Band | null) {
    this.marked = band;
    this.draw();
  }

  draw(): void {
    const { area, model, id } = this.card;
    if (area === null) return;
    this.clear();
    const { context } = this;
    const { palette, cross } = model;
    if (this.marked !== null) this.drawBand(this.marked, area);
    const x = cross === null ? 0 : this.card.pixelOfX(cross.x);
    if (cross === null || x < area.left - 1 || x > area.right + 1) {
      this.tooltip.hidden = true;
      this.card.setReadout([]);
      return;
    }
    context.strokeStyle = palette.muted;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(Math.round(x) + 0.5, area.top);
    context.lineTo(Math.round(x) + 0.5, area.bottom);
    context.stroke();
    context.setLineDash([]);
    const values = this.values(cross.x);
    for (const { slot, x: at, y } of values) {
      const py = this.card.pixelOfY(y);
      if (py < area.top - 2 || py > area.bottom + 2) continue;
      context.beginPath();
      context.arc(this.card.pixelOfX(at), py, 3, 0, 2 * Math.PI);
      context.fillStyle = palette.style(slot).colour;
      context.strokeStyle = palette.background;
      context.fill();
      context.stroke();
    }
    if (cross.chart === id) {
      this.card.setReadout([]);
      this.showTooltip(cross.x, x, cross.at?.y ?? null, values);
      if (cross.at === null) this.announce(cross.x, values);
    } else {
      this.tooltip.hidden = true;
      const most = this.card.spec.small ? SMALL_READOUTS : MOST_READOUTS;
      const few = values.length > most ? [] : values;
      this.card.setReadout(
        few.map(({ y, slot }) => ({
          text: formatValue(y, this.card.spec.format),
          colour: palette.style(slot).colour,
        })),
      );
    }
  }

  /** Moves the cross-hair by keyboard, from point to point of the first line. */
  step(direction: 1 | -1, points: number): void {
    const { card } = this;
    const { area, model } = card;
    if (area === null) return;
    const [low, high] = card.xRange;
    const first = model.shownRuns.map(({ slot }) => model.mainLine(card.id, slot)).find(({ length }) => length > 0);
    if (first === undefined) return;
    const { xs, length } = first;
    const at = model.cross === null ? null : first.nearest(model.cross.x, Number.POSITIVE_INFINITY);
    const next = at === null ? (direction > 0 ? 0 : length - 1) : at + direction * points;
    this.moveTo(Math.min(high, Math.max(low, xs[Math.min(length - 1, Math.max(0, next))]!)));
  }

  moveTo(x: number): void {
    this.card.model.setCross({ x, chart: this.card.id, at: null });
  }

  private values(x: number): Marked[] {
    const { model, id, xRange } = this.card;
    const slack = (xRange[1] - xRange[0]) * 0.01;
    return model.shownRuns.flatMap(({ slot, label }) => {
      const line = model.mainLine(id, slot);
      const index = line.nearest(x, slack);
      if (index === null || Number.isNaN(line.ys[index]!)) return [];
      const { raw, smooth } = model.linesOf(id, slot);
      const rawIndex = line === smooth && model.showsRaw ? raw.nearest(x, slack) : null;
      const rawValue = rawIndex === null ? Number.NaN : raw.ys[rawIndex]!;
      const [at, y] = [line.xs[index]!, line.ys[index]!];
      return [{ label, slot, x: at, y, raw: rawValue, error: model.errorAt(id, slot, at, y) }];
    });
  }

  private showTooltip(x: number, pixel: number, pointer: number | null, values: readonly Marked[]): void {
    const { spec, model, area } = this.card;
    // A list that is laid out anew in every frame of a zoom would slow it down.
    if (model.moving && values.length > MOST_READOUTS && !this.tooltip.hidden) return;
    const top = pointer ?? 0;
    const near = [...values].sort((a, b) => this.distance(a, top) - this.distance(b, top)).slice(0, MOST_ROWS);
    near.sort((a, b) => b.y - a.y);
    const rows = near.map(({ slot, label, y, raw, error }) =>
      element(
        "div",
        { class: "row" },
        lineSample(model.palette.style(slot)),
        element("span", { class: "name" }, label),
        element("span", { class: "value" }, formatValue(y, spec.format) + formatError(error, spec.format)),
        element("span", { class: "raw" }, Number.isNaN(raw) ? "" : formatValue(raw, spec.format)),
      ),
    );
    const hidden = values.length - near.length;
    if (hidden > 0) rows.push(element("div", { class: "more" }, `and ${hidden} more, see the table`));
    if (near.some(({ error }) => !Number.isNaN(error))) rows.push(element("div", { class: "more" }, BAND_TEXT));
    const { tooltip } = this;
    tooltip.replaceChildren(element("div", { class: "at" }, formatX(x, settings.x)), ...rows);
    tooltip.classList.toggle("columns", near.length > 12);
    tooltip.hidden = false;
    const room = this.canvas.clientWidth;
    const width = tooltip.offsetWidth;
    const right = pixel + 14 + width <= room;
    tooltip.style.left = `${Math.max(0, right ? pixel + 14 : pixel - 14 - width)}px`;
    const highest = this.canvas.clientHeight - tooltip.offsetHeight;
    tooltip.style.top = `${Math.max(area?.top ?? 0, Math.min(highest, top - 12))}px`;
  }

  private distance({ y }: Marked, pixel: number): number {
    return Math.abs(this.card.pixelOfY(y) - pixel);
  }

  /** Only what the keyboard asks for is said, once it rests. */
  private announce(x: number, values: readonly Marked[]): void {
    clearTimeout(this.announcing);
    const { format } = this.card.spec;
    this.announcing = setTimeout(() => {
      const texts = values
        .slice(0, 6)
        .map(({ label, y, error }) => `${label} ${formatValue(y, format)}${formatError(error, format)}`);
      const live = document.querySelector("#live");
      if (live !== null) live.textContent = `${formatX(x, settings.x)}: ${texts.join(", ")}`;
    }, ANNOUNCE_MS);
  }

  private drawBand({ axis, from, to }: Band, area: NonNullable<ChartView["area"]>): void {
    const { context } = this;
    context.fillStyle = this.card.model.palette.text;
    context.globalAlpha = 0.12;
    if (axis === "x") context.fillRect(from, area.top, to - from, area.bottom - area.top);
    else context.fillRect(area.left, from, area.right - area.left, to - from);
    context.globalAlpha = 1;
  }

  private clear(): void {
    const { canvas, context } = this;
    const scale = window.devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  }
}
