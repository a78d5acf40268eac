/** A chart's values as a table: for screen readers, and for copying. */
import { BAND_TEXT } from "../../src/core/series/band.ts";
import { element } from "../ui/element.ts";
import type { ChartView } from "./chartView.ts";
import { formatError, formatValue, formatX } from "./format.ts";
import { iconButton } from "./iconButton.ts";
import { remember, settings } from "./settings.ts";

const ROWS = 25;
/** A table that changes with every point can be neither read nor copied from. */
const REFRESH_MS = 2000;

export class ChartTable {
  readonly root: HTMLDetailsElement;
  private readonly table = element("table");
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly card: ChartView) {
    const copy = iconButton("copy", "Copy the table", () => void this.copy());
    const scroller = element(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": `Values of ${card.spec.title}` },
      this.table,
    );
    this.root = element("details", {}, element("summary", {}, "Table"), copy, scroller);
    this.root.open = settings.tables.includes(card.id);
    this.root.addEventListener("toggle", () => {
      const others = settings.tables.filter((id) => id !== card.id);
      settings.tables = this.root.open ? [...others, card.id] : others;
      remember();
      this.refreshedAt = Number.NEGATIVE_INFINITY;
      this.refresh();
    });
  }

  refresh(): void {
    if (!this.root.open || this.waiting !== undefined) return;
    const wait = this.refreshedAt + REFRESH_MS - performance.now();
    if (wait > 0) {
      this.waiting = setTimeout(() => {
        this.waiting = undefined;
        this.refresh();
      }, wait);
      return;
    }
    this.refreshedAt = performance.now();
    const { model, id, spec, xRange } = this.card;
    const runs = model.shownRuns;
    const [low, high] = xRange;
    const slack = (high - low) / ROWS / 2;
    const head = element("tr", {}, element("th", { scope: "col" }, "x"));
    for (const { label } of runs) head.append(element("th", { scope: "col" }, label));
    const body = element("tbody");
    for (let i = 0; i <= ROWS; i++) {
      const at = low + (i / ROWS) * (high - low);
      const cells = runs.map(({ slot }) => {
        const line = model.mainLine(id, slot);
        const index = line.nearest(at, slack);
        if (index === null) return null;
        const [x, y] = [line.xs[index]!, line.ys[index]!];
        return { x, text: formatValue(y, spec.format) + formatError(model.errorAt(id, slot, x, y), spec.format) };
      });
      const first = cells.find((cell) => cell !== null);
      if (first === undefined) continue;
      const row = element("tr", {}, element("th", { scope: "row" }, formatX(first?.x ?? at, settings.x)));
      for (const cell of cells) row.append(element("td", {}, cell?.text ?? ""));
      body.append(row);
    }
    const averaged = model.smooths(id) ? `, averaged over ${model.tau} steps` : "";
    const caption = `${spec.title}${averaged}${spec.error === null ? "" : `, ± ${BAND_TEXT}`}`;
    this.table.replaceChildren(element("caption", {}, caption), element("thead", {}, head), body);
  }

  private async copy(): Promise<void> {
    const rows = [...this.table.rows].map((row) =>
      [...row.cells].map(({ textContent }) => textContent ?? "").join("\t"),
    );
    await navigator.clipboard.writeText(rows.join("\n"));
  }
}
