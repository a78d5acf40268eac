/**
 * Parallel coordinates that are filtered by dragging along an axis: a new range anywhere, the range itself to move it, its ends to change it; a
 * click clears it. By keyboard an axis takes arrows (the range moves), Shift with arrows (its upper end does) and Escape. The host keeps the
 * filter: `options.filter` at first, then what `onFilter` tells.
 */
import {
  filteredRows,
  lineOpacity,
  NO_FILTER,
  type ParallelAxis,
  type ParallelFilter,
  type ParallelOptions,
  parallelAxes,
  parallelMapping,
  parallelNote,
  parallelSpan,
  parallelSvg,
} from "../../../src/core/study/charts/parallel.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { element } from "../../ui/element.ts";
import { type ChartOptions, ChartView, type MountedChart, rowOf } from "./chartView.ts";

export interface MountedParallelOptions extends ChartOptions, Omit<ParallelOptions, "width"> {
  /** the filter is another, as after a drag */
  readonly onFilter?: (filter: ParallelFilter) => void;
}

export const mountParallelCoordinates = (
  container: HTMLElement,
  table: StudyTable,
  options: MountedParallelOptions,
): MountedChart<MountedParallelOptions> => new ParallelCoordinates(container, table, options);

const TOPS = [5, 10, 20, 50, 100];
const HIT = 15;
/** Pixels at the end of a range that take hold of the end. */
const END = 7;
/** A shorter drag is a click. */
const LEAST = 4;

type Range = readonly [low: number, high: number];
const SVG = "http://www.w3.org/2000/svg";

class ParallelCoordinates implements MountedChart<MountedParallelOptions> {
  private readonly view: ChartView<MountedParallelOptions>;
  private readonly top = element("select", { "aria-label": "How many of the best" });
  private readonly clear = element("button", { type: "button" }, "Clear filters");
  private readonly bar: HTMLElement;
  private filter: ParallelFilter;
  private axes: readonly ParallelAxis[] = [];
  private brushes: { readonly hit: SVGGElement; readonly range: SVGRectElement }[] = [];
  private lines = new Map<number, SVGPathElement>();
  private kept: ReadonlySet<number> = new Set();
  private frame = 0;

  constructor(
    container: HTMLElement,
    private table: StudyTable,
    private options: MountedParallelOptions,
  ) {
    this.filter = options.filter;
    this.bar = element("div", { class: "chart-bar" }, element("label", {}, "Show ", this.top), this.clear);
    container.append(this.bar);
    this.top.append(new Option("all", ""), ...TOPS.map((amount) => new Option(`the best ${amount}`, String(amount))));
    this.top.addEventListener("change", () =>
      this.apply({ ...this.filter, top: this.top.value === "" ? null : Number(this.top.value) }),
    );
    this.clear.addEventListener("click", () => this.apply(NO_FILTER));
    this.view = new ChartView(
      container,
      table,
      options,
      (shown, own, width) => parallelSvg(shown, { ...own, width, filter: this.filter }),
      (svg) => this.install(svg),
    );
  }

  update(table: StudyTable, options: Partial<MountedParallelOptions> = {}): void {
    this.table = table;
    this.options = { ...this.options, ...options };
    if (options.filter !== undefined) this.filter = options.filter;
    this.view.update(table, options);
  }

  svg(): string {
    return this.view.svg();
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.view.dispose();
    this.bar.remove();
  }

  /** Puts what takes the pointer over a new picture. */
  private install(svg: SVGSVGElement): void {
    const { table, options } = this;
    this.axes = parallelAxes(table, svg.viewBox.baseVal.width);
    this.lines = new Map(
      [...svg.querySelectorAll<SVGPathElement>(".mark > path")].map((path) => [rowOf(path)!, path] as const),
    );
    const [top, bottom] = parallelSpan(options.height);
    this.brushes = this.axes.map((axis) => {
      const hit = document.createElementNS(SVG, "g");
      const area = rectangle("brush-area", axis.x - HIT, top - 8, 2 * HIT, bottom - top + 16);
      const range = rectangle("brush-range", axis.x - 7, top, 14, 0);
      hit.classList.add("brush");
      for (const [name, value] of [
        ["tabindex", "0"],
        ["role", "slider"],
        ["aria-orientation", "vertical"],
      ] as const) {
        hit.setAttribute(name, value);
      }
      hit.append(area, range);
      hit.addEventListener("pointerdown", (event) => this.drag(axis, hit, event));
      hit.addEventListener("keydown", (event) => this.key(axis, event));
      svg.append(hit);
      return { hit, range };
    });
    this.kept = new Set(this.lines.keys());
    this.show();
  }

  private drag(axis: ParallelAxis, hit: SVGGElement, start: PointerEvent): void {
    if (start.button !== 0) return;
    start.preventDefault();
    hit.focus();
    hit.setPointerCapture(start.pointerId);
    const box = hit.ownerSVGElement!.getBoundingClientRect();
    const scale = this.options.height / box.height;
    const [top, bottom] = parallelSpan(this.options.height);
    const placeOf = (event: PointerEvent): number => Math.min(bottom, Math.max(top, (event.clientY - box.top) * scale));
    const from = placeOf(start);
    const before = this.pixels(axis);
    const grip =
      before === null
        ? null
        : Math.abs(from - before[0]) < END
          ? "upper"
          : Math.abs(from - before[1]) < END
            ? "lower"
            : from > before[0] && from < before[1]
              ? "all"
              : null;
    let moved = false;
    const move = (event: PointerEvent): void => {
      const at = placeOf(event);
      moved ||= Math.abs(at - from) >= LEAST;
      if (!moved) return;
      if (before === null || grip === null) this.setPixels(axis, from, at);
      else if (grip === "all") {
        const by = Math.min(bottom - before[1], Math.max(top - before[0], at - from));
        this.setPixels(axis, before[0] + by, before[1] + by);
      } else this.setPixels(axis, grip === "upper" ? at : before[0], grip === "upper" ? before[1] : at);
    };
    hit.addEventListener("pointermove", move);
    hit.addEventListener(
      "lostpointercapture",
      () => {
        hit.removeEventListener("pointermove", move);
        if (!moved) this.setRange(axis, null);
        this.options.onFilter?.(this.filter);
      },
      { once: true },
    );
  }

  /** Moves by a tenth of the axis, or from point to point. */
  private key(axis: ParallelAxis, event: KeyboardEvent): void {
    const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (up === undefined && event.key !== "Escape") return;
    event.preventDefault();
    if (up === undefined) this.setRange(axis, null);
    else {
      const { bottom, top } = axis;
      const step =
        Math.sign(top - bottom) *
        (this.table.axes.some(({ name }) => name === axis.key) ? 1 : Math.abs(top - bottom) / 10);
      const ends = [Math.min(bottom, top), Math.max(bottom, top)] as const;
      const [low, high] = this.filter.ranges[axis.key] ?? ends;
      const bounded = (value: number): number => Math.min(ends[1], Math.max(ends[0], value));
      const isUpper = event.shiftKey;
      // The upper end of the axis is the smaller value where smaller is better.
      const movesHigh = top > bottom;
      const next: Range = isUpper
        ? movesHigh
          ? [low, bounded(Math.max(low, high + up * step))]
          : [bounded(Math.min(high, low + up * step)), high]
        : [bounded(low + up * step), bounded(high + up * step)];
      this.setRange(axis, next);
    }
    this.options.onFilter?.(this.filter);
  }

  /** The upper and the lower end of a range. */
  private pixels(axis: ParallelAxis): readonly [number, number] | null {
    const range = this.filter.ranges[axis.key];
    if (range === undefined) return null;
    const [a, b] = range.map(parallelMapping(axis, this.options.height)) as [number, number];
    const [top, bottom] = parallelSpan(this.options.height);
    return [Math.max(top, Math.min(a, b)), Math.min(bottom, Math.max(a, b))];
  }

  private setPixels(axis: ParallelAxis, a: number, b: number): void {
    const [top, bottom] = parallelSpan(this.options.height);
    const valueAt = (pixel: number): number =>
      axis.bottom + ((bottom - pixel) / (bottom - top)) * (axis.top - axis.bottom);
    const values = [valueAt(a), valueAt(b)];
    this.setRange(axis, [Math.min(...values), Math.max(...values)]);
  }

  private setRange({ key }: ParallelAxis, range: Range | null): void {
    const { [key]: _, ...others } = this.filter.ranges;
    this.filter = { ...this.filter, ranges: range === null ? others : { ...others, [key]: range } };
    this.schedule();
  }

  private apply(filter: ParallelFilter): void {
    this.filter = filter;
    this.schedule();
    this.options.onFilter?.(filter);
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.show());
  }

  /** Only lines whose state changed are touched. */
  private show(): void {
    const { table, axes, filter } = this;
    const kept = filteredRows(table, axes, filter);
    for (const [row, line] of this.lines) {
      if (kept.has(row) !== this.kept.has(row) || !line.hasAttribute("data-seen")) {
        line.setAttribute("stroke-opacity", String(lineOpacity(table.rows[row]!, kept)));
        line.setAttribute("data-seen", "");
        line.parentElement!.classList.toggle("filtered", !kept.has(row));
      }
    }
    this.kept = kept;
    const note = this.view.picture.querySelector(".note");
    if (note !== null) note.textContent = parallelNote(table, kept);
    for (const [i, axis] of axes.entries()) this.showBrush(axis, this.brushes[i]!);
    this.top.value = filter.top === null ? "" : String(filter.top);
    this.clear.disabled = filter.top === null && Object.keys(filter.ranges).length === 0;
  }

  private showBrush(
    axis: ParallelAxis,
    { hit, range }: { readonly hit: SVGGElement; readonly range: SVGRectElement },
  ): void {
    const ends = this.pixels(axis);
    range.setAttribute("y", String(ends?.[0] ?? 0));
    range.setAttribute("height", String(ends === null ? 0 : Math.max(2, ends[1] - ends[0])));
    const chosen = this.filter.ranges[axis.key];
    const within = axis.ticks.filter(({ value }) => chosen === undefined || (value >= chosen[0] && value <= chosen[1]));
    const words = within.length === 0 ? "nothing" : `${within[0]!.label} to ${within.at(-1)!.label}`;
    hit.setAttribute("aria-label", `Range of ${axis.title}`);
    hit.setAttribute("aria-valuetext", chosen === undefined ? "everything" : words);
    hit.setAttribute("aria-valuenow", String(chosen?.[1] ?? axis.top));
  }
}

function rectangle(name: string, x: number, y: number, width: number, height: number): SVGRectElement {
  const made = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ class: name, x, y, width, height }))
    made.setAttribute(key, String(value));
  return made;
}
