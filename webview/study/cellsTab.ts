/** The cells with their states as they are now: a button each, which opens its runs. */
import { count, plural } from "../../src/core/numbers.ts";
import { element } from "../ui/element.ts";
import { segmented } from "../ui/segmented.ts";
import { CellButton } from "./cellButton.ts";
import { byAxes, bySeeds, type CellLayout, type CellRow } from "./cellLayout.ts";
import { select } from "./fields.ts";
import { GridKeys } from "./gridKeys.ts";
import { metricText } from "./metricText.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { STATE_LOOKS, type StateKind, stateIcon, stateSentence } from "./stateLook.ts";

const HINT = "Point at a cell to read what it is about; click it to open its runs.";
const KINDS = Object.keys(STATE_LOOKS) as StateKind[];

export class CellsTab {
  readonly element: HTMLElement;
  private readonly legend = element("ul", { class: "legend", "aria-label": "States" });
  private readonly table = element("table", { class: "cells", role: "grid", "aria-label": "Cells" });
  private readonly inspector = element("p", { class: "inspector" }, HINT);
  private readonly empty = element("p", { class: "empty" });
  private readonly axisChoice = element("span", { class: "axis-choice" });
  private readonly layout = segmented(
    "Layout",
    [
      { value: "seeds", label: "Seeds", title: "Rows are configurations, columns are seeds" },
      { value: "axes", label: "Two axes", title: "Rows and columns are axes" },
    ],
    (layout) => this.model.setView({ layout }),
  );
  private readonly keys = new GridKeys(this.table);
  private buttons = new Map<number, CellButton>();
  private means: { readonly row: CellRow; readonly element: HTMLElement }[] = [];
  private laidOut = "";

  constructor(
    private readonly model: StudyModel,
    private readonly actions: PageActions,
  ) {
    const log = element("button", { class: "quiet with-text", type: "button" }, "Log");
    log.title = "What the process that works on the study has written";
    log.addEventListener("click", () => actions.openLog());
    this.element = element(
      "div",
      { class: "cells-tab" },
      element("div", { class: "toolbar" }, this.layout.element, this.axisChoice, this.legend, log),
      element("div", { class: "cells-scroller" }, this.table, this.empty),
      this.inspector,
    );
    this.table.addEventListener("click", (event) => this.open(event));
    this.table.addEventListener("pointerover", (event) => this.explain(event));
    this.table.addEventListener("focusin", (event) => this.explain(event));
    this.table.addEventListener("pointerleave", () => this.inspector.replaceChildren(HINT));
  }

  /** For another plan, or another layout. */
  layOut(): void {
    const { plan, view, outline } = this.model;
    const wanted = JSON.stringify([plan?.version, view.layout, view.rows, view.columns]);
    if (wanted === this.laidOut) return;
    this.laidOut = wanted;
    this.buttons = new Map();
    this.means = [];
    this.table.hidden = outline === null;
    this.empty.hidden = outline !== null;
    this.empty.textContent = "Cells are shown once the study and its experiment can be read; see Plan.";
    if (outline === null) return;
    const isMatrix = view.layout === "axes" && outline.axes.length > 1;
    this.layout.set(isMatrix ? "axes" : "seeds");
    this.layout.element.hidden = outline.axes.length < 2;
    this.showAxisChoice(isMatrix);
    const [rows, columns] = this.chosenAxes();
    const layout = isMatrix ? byAxes(outline, rows, columns) : bySeeds(outline);
    this.table.classList.toggle(
      "compact",
      layout.rows.some((row) => row.columns.some((cells) => cells.length > 1)),
    );
    this.table.replaceChildren(this.head(layout), element("tbody", {}, ...layout.rows.map((row) => this.row(row))));
    this.keys.begin();
    this.update(null);
  }

  /** @param changed places of cells with another state; null: all */
  update(changed: readonly number[] | null): void {
    const { states, results, outline } = this.model;
    if (outline === null || states.length === 0) return;
    for (const cell of changed ?? this.buttons.keys()) {
      const state = states[cell];
      if (state !== undefined) this.buttons.get(cell)?.show(state);
    }
    if (results === null) return;
    this.legend.replaceChildren(
      ...KINDS.filter((kind) => results.counts[kind] > 0).map((kind) =>
        element(
          "li",
          { class: "legend-item", "data-state": kind },
          stateIcon(kind),
          `${count(results.counts[kind])} ${STATE_LOOKS[kind].name}`,
        ),
      ),
    );
    for (const { row, element: place } of this.means) {
      const own = row.configurations.length === 1 ? results.configurations[row.configurations[0]!] : undefined;
      if (own === undefined) continue;
      place.textContent = own.mean === null ? "" : metricText(own.mean);
      place.dataset["standing"] = own.standing;
      place.title =
        own.interval === null
          ? `of ${plural(own.n, "seed")}`
          : `95 % interval ${metricText(own.interval.low)} to ${metricText(own.interval.high)}, ${plural(own.n, "seed")}; ${own.standing}`;
    }
  }

  private chosenAxes(): [rows: number, columns: number] {
    const { view, outline } = this.model;
    const names = outline?.axes.map(({ name }) => name) ?? [];
    const rows = Math.max(0, names.indexOf(view.rows ?? ""));
    const chosen = names.indexOf(view.columns ?? "");
    return [rows, chosen === -1 || chosen === rows ? (rows === 0 ? 1 : 0) : chosen];
  }

  private showAxisChoice(isMatrix: boolean): void {
    const { outline } = this.model;
    this.axisChoice.hidden = !isMatrix;
    if (!isMatrix || outline === null) return;
    const names = outline.axes.map(({ name }) => [name, name] as const);
    const [rows, columns] = this.chosenAxes();
    const choice = (word: string, at: number, set: (name: string) => void) => {
      const made = select(word, names, set);
      made.value = outline.axes[at]!.name;
      return element("label", {}, `${word} `, made);
    };
    this.axisChoice.replaceChildren(
      choice("rows", rows, (name) =>
        this.model.setView({
          rows: name,
          ...(name === outline.axes[columns]!.name ? { columns: outline.axes[rows]!.name } : {}),
        }),
      ),
      choice("columns", columns, (name) =>
        this.model.setView({
          columns: name,
          ...(name === outline.axes[rows]!.name ? { rows: outline.axes[columns]!.name } : {}),
        }),
      ),
    );
  }

  private head({ corner, columns }: CellLayout): HTMLElement {
    const names = columns.map((name) => element("th", { scope: "col" }, name));
    return element(
      "thead",
      {},
      element("tr", {}, element("th", { scope: "col", class: "corner" }, corner), ...names, this.meanHead()),
    );
  }

  private meanHead(): HTMLElement {
    return element("th", { scope: "col", class: "mean" }, this.isMatrix ? "" : "mean");
  }

  private get isMatrix(): boolean {
    return !this.axisChoice.hidden;
  }

  private row(row: CellRow): HTMLElement {
    const cells = row.columns.map((own) => {
      const buttons = own.map((cell) => {
        const button = new CellButton(cell, this.nameOf(cell));
        this.buttons.set(cell, button);
        return button.element;
      });
      return element("td", {}, ...buttons);
    });
    const mean = element("td", { class: "mean" });
    if (!this.isMatrix) this.means.push({ row, element: mean });
    return element("tr", {}, element("th", { scope: "row", title: row.label }, row.label), ...cells, mean);
  }

  private nameOf(place: number): string {
    const { outline } = this.model;
    const cell = outline?.cells[place];
    if (outline === null || cell === undefined) return "";
    const { label } = outline.configurations[cell.configuration]!;
    return [label, `seed ${cell.seed}`].filter((part) => part !== "").join(", ");
  }

  private cellAt({ target }: Event): number | null {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-cell]") : null;
    return button === null ? null : Number(button.dataset["cell"]);
  }

  private open(event: Event): void {
    const cell = this.cellAt(event);
    if (cell !== null) this.actions.openRuns([cell]);
  }

  private explain(event: Event): void {
    const place = this.cellAt(event);
    const { outline, states } = this.model;
    if (place === null || outline === null) return;
    const cell = outline.cells[place]!;
    const state = states[place];
    const twins = outline.cells.flatMap(({ key, configuration }, i) =>
      i !== place && key === cell.key ? [outline.configurations[configuration]!.label] : [],
    );
    const runs = cell.runs.map(({ id }) => id).join(", ");
    this.inspector.replaceChildren(
      element("strong", {}, this.nameOf(place)),
      ` · ${state === undefined ? "…" : stateSentence(state)}`,
      ...(twins.length > 0 ? [` · the same as ${twins.join("; ")}`] : []),
      ...(runs === "" ? [] : [element("span", { class: "runs" }, ` · ${runs}`)]),
    );
  }
}
