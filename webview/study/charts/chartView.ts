/**
 * Charts of a study in the panel. Each chart has one function
 *
 *     mountNAME(container, table, options) → { update(table, options), svg(), dispose() }
 *
 * It fills an empty element with a picture that is drawn in core (so the panel, exported files and the report show the very same thing), its
 * tooltip, and a table of its values for screen readers and for copying; it follows the container's width. `table` is
 * `studyTable(outline, results)`; `options` are those of the chart with colours and handlers; update() takes those that change. svg() is the
 * picture as a file, `rasterized` (webview/ui) makes a PNG of it, core/study/studyCsv.ts the tables. The style is charts.css.
 *
 * By keyboard: Tab reaches a chart's marks, arrows go from one to the next, Enter or Space chooses.
 */
import type { StudyColours } from "../../../src/core/study/charts/look.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { rowLines } from "../../../src/core/study/words.ts";
import { element } from "../../ui/element.ts";
import { svgElement } from "../../ui/svgElement.ts";
import { resultsTable } from "./resultsTable.ts";

export interface ChartOptions {
  readonly colours: StudyColours;
  /** rows that are chosen, as for the charts of curves */
  readonly chosen?: readonly number[];
  /** a row was clicked, or Enter pressed on it */
  readonly onChoose?: (row: number) => void;
  /** the pointer or the focus is on a row; null: no longer */
  readonly onHover?: (row: number | null) => void;
  /** row that another chart has the pointer on */
  readonly hovered?: number | null;
}

export interface MountedChart<O extends ChartOptions> {
  update(table: StudyTable, options?: Partial<O>): void;
  /** as a file: the same picture */
  svg(): string;
  dispose(): void;
}

const LEAST_WIDTH = 320;
const KEYS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class ChartView<O extends ChartOptions> implements MountedChart<O> {
  /** of the picture, which is made anew with every change */
  readonly picture = element("div", { class: "chart-picture" });
  private readonly root: HTMLElement;
  private readonly tooltip = element("div", { class: "chart-tooltip", "aria-hidden": "true" });
  private readonly details = element("details", {}, element("summary", {}, "Table"));
  private readonly observer: ResizeObserver;
  private width = 0;
  private frame = 0;
  private readonly abort = new AbortController();

  /** @param afterDrawing of every new picture */
  constructor(
    container: HTMLElement,
    private table: StudyTable,
    private options: O,
    private readonly draw: (table: StudyTable, options: O, width: number) => string,
    private readonly afterDrawing: (picture: SVGSVGElement) => void = () => {},
  ) {
    this.tooltip.hidden = true;
    this.root = element("div", { class: "study-chart", role: "group" }, this.picture, this.tooltip, this.details);
    container.append(this.root);
    this.details.addEventListener("toggle", () => this.fillTable());
    this.listen();
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.max(LEAST_WIDTH, Math.floor(entry?.contentRect.width ?? 0));
      if (width === this.width) return;
      this.width = width;
      this.schedule();
    });
    this.observer.observe(this.root);
  }

  update(table: StudyTable, options: Partial<O> = {}): void {
    const { table: before, options: old } = this;
    this.table = table;
    this.options = { ...old, ...options };
    const onlyMarks = table === before && Object.keys(options).every((key) => key === "hovered" || key === "chosen");
    if (onlyMarks) this.mark();
    else this.schedule();
  }

  svg(): string {
    return this.draw(this.table, this.options, this.width || LEAST_WIDTH);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.abort.abort();
    this.root.remove();
  }

  /** Drawn once for all that changes in a frame. */
  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (this.width > 0) this.show();
    });
  }

  private show(): void {
    const focused = rowOf(document.activeElement);
    const hadFocus = this.picture.contains(document.activeElement);
    const svg = svgElement(this.svg());
    // What a browser would show by itself is said by the tooltip, and to screen readers by labels.
    const name = svg.querySelector(":scope > title")?.textContent ?? "";
    svg.setAttribute("aria-label", name);
    svg.setAttribute("role", "group");
    this.root.setAttribute("aria-label", name);
    for (const title of svg.querySelectorAll("title")) {
      const { parentElement } = title;
      if (parentElement?.classList.contains("mark")) {
        parentElement.setAttribute("aria-label", (title.textContent ?? "").replaceAll("\n", ". "));
        parentElement.setAttribute("role", "img");
        parentElement.setAttribute("tabindex", "-1");
      }
      title.remove();
    }
    this.picture.replaceChildren(svg);
    this.afterDrawing(svg);
    this.marks()[0]?.setAttribute("tabindex", "0");
    if (hadFocus && focused !== null) this.focus(this.marks().find((mark) => rowOf(mark) === focused));
    this.mark();
    this.fillTable();
  }

  marks(): SVGGElement[] {
    return [...this.picture.querySelectorAll<SVGGElement>(".mark")];
  }

  private mark(): void {
    const { chosen = [], hovered = null } = this.options;
    this.picture.classList.toggle("has-hovered", hovered !== null);
    for (const mark of this.marks()) {
      const row = rowOf(mark)!;
      mark.classList.toggle("hovered", row === hovered);
      mark.classList.toggle("chosen", chosen.includes(row));
    }
  }

  private listen(): void {
    const { picture } = this;
    const { signal } = this.abort;
    picture.addEventListener("pointermove", (event) => this.hover(rowOf(event.target), event.clientX, event.clientY), {
      signal,
    });
    picture.addEventListener("pointerleave", () => this.hover(null, 0, 0), { signal });
    picture.addEventListener("focusout", () => this.hover(null, 0, 0), { signal });
    picture.addEventListener(
      "focusin",
      ({ target }) => {
        if (rowOf(target) === null) return;
        const { right, top } = (target as Element).getBoundingClientRect();
        this.hover(rowOf(target), right, top);
      },
      { signal },
    );
    picture.addEventListener("click", ({ target }) => this.choose(target), { signal });
    picture.addEventListener(
      "keydown",
      (event) => {
        if (rowOf(event.target) === null) return;
        if (event.key === "Enter" || event.key === " ") this.choose(event.target);
        else if (event.key === "Escape") this.hover(null, 0, 0);
        else if (event.key in KEYS) {
          const marks = this.marks();
          const at = marks.findIndex((mark) => mark.contains(event.target as Node));
          this.focus(marks[(at + KEYS[event.key]! + marks.length) % marks.length]);
        } else return;
        event.preventDefault();
      },
      { signal },
    );
  }

  private focus(mark: SVGGElement | undefined): void {
    if (mark === undefined) return;
    for (const other of this.marks()) other.setAttribute("tabindex", "-1");
    mark.setAttribute("tabindex", "0");
    mark.focus();
  }

  private choose(target: EventTarget | null): void {
    const row = rowOf(target);
    if (row !== null) this.options.onChoose?.(row);
  }

  /** Shows what is known of a row beside a place on the screen; null: of none. */
  private hover(row: number | null, x: number, y: number): void {
    const { tooltip, table } = this;
    const shown = row === null ? undefined : table.rows[row];
    if (row !== (this.options.hovered ?? null)) {
      this.options = { ...this.options, hovered: row };
      this.mark();
      this.options.onHover?.(row);
    }
    tooltip.hidden = shown === undefined;
    if (shown === undefined) return;
    const [name = "", ...lines] = rowLines(shown, table);
    tooltip.replaceChildren(element("strong", {}, name), ...lines.map((line) => element("div", {}, line)));
    const box = this.root.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = tooltip;
    const left = x - box.left + 14;
    const fits = left + offsetWidth <= box.width;
    tooltip.style.left = `${Math.max(0, fits ? left : x - box.left - 14 - offsetWidth)}px`;
    tooltip.style.top = `${Math.max(0, y - box.top - offsetHeight - 8)}px`;
  }

  private fillTable(): void {
    if (!this.details.open) return;
    this.details.querySelector(".chart-table")?.remove();
    this.details.append(element("div", { class: "chart-table", tabindex: "0" }, resultsTable(this.table)));
  }
}

/** The row that an element of a picture belongs to. */
export function rowOf(target: EventTarget | null): number | null {
  const mark = target instanceof Element ? target.closest<SVGGElement>(".mark") : null;
  return mark === null ? null : Number(mark.dataset["row"]);
}
