/** How good the runs' images are: their evaluations side by side, and samples beside their nearest training images. */
import { plural } from "../../src/core/numbers.ts";
import { obstacles, referenceAmong } from "../../src/core/run/comparableEvaluations.ts";
import type { Evaluation } from "../../src/core/run/evaluations.ts";
import { control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import type { Model } from "./model.ts";
import { neighboursView } from "./neighboursView.ts";
import { QUALITY_COLUMNS } from "./qualityColumns.ts";
import { type EvaluatedRun, type QualityTableActions, qualityTable, sorted } from "./qualityTable.ts";
import { report } from "./report.ts";
import { remember, settings } from "./settings.ts";

interface Chosen {
  readonly dir: string;
  readonly evaluation: Evaluation;
}

export class QualityTab implements QualityTableActions {
  readonly root: HTMLElement;
  /** by folder, newest first */
  private readonly known = new Map<string, readonly Evaluation[]>();
  private readonly atWork = new Set<string>();
  /** whose nearest training images the user asked for; null: those of the first row */
  private chosen: Chosen | null = null;
  /** whose are shown, or on their way */
  private shown: Chosen | null = null;
  private readonly summary = element("span", { class: "summary", role: "status" });
  private readonly table = element("table");
  private readonly neighbours = element("section", { class: "neighbours" });
  private readonly save = control<ValueControl>("button", { appearance: "secondary" }, "Export CSV…");

  constructor(private readonly model: Model) {
    this.save.addEventListener("click", () => {
      const dirs = model.runs.map(({ dir }) => dir);
      void report(model.messenger.request("exportEvaluations", { dirs }));
    });
    const region = { class: "scroller", tabindex: "0", role: "region", "aria-label": "Evaluations" };
    this.root = element(
      "div",
      { class: "quality-tab" },
      element("div", { class: "toolbar" }, this.summary, element("span", { class: "stretch" }), this.save),
      element("div", { class: "quality" }, element("div", region, this.table), this.neighbours),
    );
    model.on("runs", () => void this.load(model.runs.map(({ dir }) => dir)));
    model.on("theme", () => this.draw());
    model.messenger.on("evaluationsChanged", ({ dir }) => void this.load([dir]));
  }

  /** Reads the evaluations; to be called when the tab is shown. */
  show(): void {
    void this.load(this.model.runs.map(({ dir }) => dir));
  }

  sort(column: string): void {
    const { quality } = settings;
    const descending = quality.sort === column && !quality.descending;
    settings.quality = { ...quality, sort: column, descending };
    const title = QUALITY_COLUMNS.find(({ id }) => id === column)?.title ?? column;
    const live = document.querySelector("#live");
    if (live !== null) live.textContent = `Sorted by ${title}, ${descending ? "descending" : "ascending"}`;
    remember();
    this.draw();
  }

  fold(dir: string): void {
    const { open } = settings.quality;
    settings.quality.open = open.includes(dir) ? open.filter((other) => other !== dir) : [...open, dir];
    remember();
    this.draw();
  }

  evaluate(dir: string): void {
    this.atWork.add(dir);
    this.draw();
    void report(this.model.messenger.request("act", { dir, action: "evaluate" })).then(() => {
      this.atWork.delete(dir);
      void this.load([dir]);
    });
  }

  showNeighbours(dir: string, evaluation: Evaluation): void {
    this.chosen = { dir, evaluation };
    this.draw();
  }

  private async load(dirs: readonly string[]): Promise<void> {
    if (settings.tab !== "quality") return;
    const found = await report(this.model.messenger.request("evaluations", { dirs: [...dirs] }));
    for (const { dir, evaluations } of found ?? []) {
      const before = new Map(this.known.get(dir)?.map((evaluation) => [JSON.stringify(evaluation), evaluation]));
      // Those that are known already stay the same objects.
      const same = (evaluation: Evaluation): Evaluation => before.get(JSON.stringify(evaluation)) ?? evaluation;
      this.known.set(dir, evaluations.map(same).reverse());
    }
    this.draw();
  }

  private draw(): void {
    const runs = this.model.runs.map((run): EvaluatedRun => ({ run, evaluations: this.known.get(run.dir) ?? [] }));
    const newest = runs.flatMap(({ evaluations }) => evaluations[0] ?? []);
    const reference = referenceAmong(newest);
    this.summary.textContent = summaryText(newest, reference);
    this.save.disabled = newest.length === 0;
    const next = this.nextShown(runs);
    const { palette } = this.model;
    const state = { runs, reference, shown: next?.evaluation ?? null, atWork: this.atWork, palette };
    const focused = focusedOf(this.table);
    this.table.replaceChildren(...qualityTable(state, settings.quality, this));
    if (focused !== null) this.table.querySelector<HTMLElement>(focused)?.focus();
    if (next?.evaluation !== this.shown?.evaluation) void this.loadNeighbours(next);
  }

  /** What the user has chosen, else the first row that has pictures. */
  private nextShown(runs: readonly EvaluatedRun[]): Chosen | null {
    const { chosen } = this;
    const there = runs.some(({ evaluations }) => chosen !== null && evaluations.includes(chosen.evaluation));
    if (chosen !== null && there) return chosen;
    for (const { run, evaluations } of sorted(runs, settings.quality)) {
      const [evaluation] = evaluations;
      if (evaluation?.neighbours !== undefined) return { dir: run.dir, evaluation };
    }
    return null;
  }

  private async loadNeighbours(next: Chosen | null): Promise<void> {
    this.shown = next;
    if (next === null) {
      this.neighbours.replaceChildren();
      return;
    }
    const { dir, evaluation } = next;
    const place = { dir, drawn: evaluation.drawn, name: evaluation.neighbours! };
    const found = await report(this.model.messenger.request("neighbours", place));
    if (found === undefined || this.shown !== next) return;
    const label = this.model.runs.find((run) => run.dir === dir)?.label ?? evaluation.run;
    this.neighbours.replaceChildren(...neighboursView(label, evaluation, found));
  }
}

function summaryText(newest: readonly Evaluation[], reference: Evaluation | null): string {
  if (reference === null) return "No run was evaluated yet.";
  const alike = newest.filter((evaluation) => obstacles(evaluation, reference).length === 0).length;
  if (alike === newest.length) {
    return newest.length === 1 ? "1 run is evaluated." : `${newest.length} runs are evaluated, and can be compared.`;
  }
  return `${alike} of ${plural(newest.length, "evaluated run")} can be compared; those marked ≠ were measured otherwise.`;
}

/** A selector of the control in the table that has the focus, which is made anew with the table; null: none has. */
function focusedOf(table: HTMLElement): string | null {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || !table.contains(active)) return null;
  for (const name of ["sort", "fold", "neighbours", "evaluate"]) {
    const value = active.dataset[name];
    if (value !== undefined) return `[data-${name}=${JSON.stringify(value)}]`;
  }
  return null;
}
