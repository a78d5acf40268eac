/** The table of evaluations: the newest of each run, older ones folded away below it. Measures flow into as many lines as the page is narrow. */
import type { RunInfo } from "../../src/core/protocol/dashboard.ts";
import { obstacles } from "../../src/core/run/comparableEvaluations.ts";
import type { Evaluation } from "../../src/core/run/evaluations.ts";
import { measuredWith, trainingText } from "../../src/core/run/evaluationText.ts";
import { control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import {
  type IntervalMark,
  type IntervalScale,
  intervalAxis,
  intervalPlot,
  intervalScale,
} from "../ui/intervalPlot.ts";
import type { Palette } from "../ui/palette.ts";
import { formatCount } from "./format.ts";
import { iconButton, lineSample } from "./iconButton.ts";
import { QUALITY_COLUMNS } from "./qualityColumns.ts";
import type { Settings } from "./settings.ts";

export interface EvaluatedRun {
  readonly run: RunInfo;
  /** newest first */
  readonly evaluations: readonly Evaluation[];
}

export interface QualityTableState {
  readonly runs: readonly EvaluatedRun[];
  /** that the others are held against; null: there are no evaluations */
  readonly reference: Evaluation | null;
  /** whose nearest training images are shown; null: none */
  readonly shown: Evaluation | null;
  /** folders of runs that are being evaluated */
  readonly atWork: ReadonlySet<string>;
  readonly palette: Palette;
}

export interface QualityTableActions {
  sort(column: string): void;
  fold(dir: string): void;
  evaluate(dir: string): void;
  showNeighbours(dir: string, evaluation: Evaluation): void;
}

const PLOT_WIDTH = 160;
const PLOT_TITLE = "95 % interval, floor";
/** Of a normal quantity 95 % lie within so many standard errors. */
const NORMAL_95 = 1.96;

export function qualityTable(state: QualityTableState, order: Settings["quality"], act: QualityTableActions): Node[] {
  const shown = state.runs.flatMap(({ run, evaluations }) =>
    evaluations.slice(0, order.open.includes(run.dir) ? undefined : 1),
  );
  // What cannot be compared has no place on the scale, and does not stretch it.
  const scale = intervalScale(shown.filter((one) => obstaclesTo(one, state).length === 0).map(markOf), PLOT_WIDTH);
  const rows = sorted(state.runs, order).flatMap((evaluated) => rowsOf(evaluated, state, order, scale, act));
  return [
    element("caption", { class: "visually-hidden" }, "Evaluations: the newest of each run, older ones below it"),
    head(order, scale, act),
    element("tbody", {}, ...rows),
  ];
}

/** Runs without an evaluation, or without the measure, stay at the end. */
export function sorted(
  runs: readonly EvaluatedRun[],
  { sort, descending }: Pick<Settings["quality"], "sort" | "descending">,
): EvaluatedRun[] {
  const value = QUALITY_COLUMNS.find(({ id }) => id === sort)?.value;
  const sign = descending ? -1 : 1;
  const when = (evaluation: Evaluation): number => Date.parse(evaluation.time);
  return [...runs].sort((a, b) => {
    const [first, second] = [a.evaluations[0], b.evaluations[0]];
    if (first === undefined || second === undefined) return Number(first === undefined) - Number(second === undefined);
    const of = value ?? (sort === "time" ? when : null);
    if (of === null) return sign * (a.run.slot - b.run.slot);
    const [one, other] = [of(first), of(second)];
    if (one == null || other == null) return Number(one == null) - Number(other == null);
    return sign * (one - other);
  });
}

function markOf({ kid, kidFloor: { value, standardError } }: Evaluation): IntervalMark {
  const half = NORMAL_95 * standardError;
  return { interval: kid, floor: { value, low: value - half, high: value + half } };
}

function head(order: Settings["quality"], scale: IntervalScale, act: QualityTableActions): HTMLElement {
  const sortable = (id: string, title: string, hint: string): HTMLElement => {
    const direction = order.descending ? "descending" : "ascending";
    const arrow = element("span", { class: "arrow", "aria-hidden": "true" });
    arrow.textContent = order.sort !== id ? "" : order.descending ? "▾" : "▴";
    const button = element("button", { type: "button", class: "sort", title: hint, "data-sort": id }, title, arrow);
    button.addEventListener("click", () => act.sort(id));
    return element("th", { scope: "col", ...(order.sort === id ? { "aria-sort": direction } : {}) }, button);
  };
  const [kid, ...others] = QUALITY_COLUMNS.map(({ id, title, hint }) => sortable(id, title, hint));
  const when = sortable("time", "When", "When it was measured");
  when.classList.add("wide");
  const hint = "Dot: KID. Whisker: its 95 % interval. Grey tick and band: the floor and its 95 % interval.";
  const plot = element("th", { scope: "col", title: hint, class: "wide" }, PLOT_TITLE);
  plot.append(intervalAxis(scale));
  return element(
    "thead",
    {},
    element("tr", {}, sortable("run", "Run", "The order of the runs on the left"), kid!, plot, ...others, when),
  );
}

function rowsOf(
  { run, evaluations }: EvaluatedRun,
  state: QualityTableState,
  order: Settings["quality"],
  scale: IntervalScale,
  act: QualityTableActions,
): HTMLElement[] {
  const [newest, ...older] = evaluations;
  if (newest === undefined) return [unevaluated(run, state, act)];
  const open = order.open.includes(run.dir);
  const cells = (evaluation: Evaluation, header: HTMLElement): HTMLElement =>
    row(run, evaluation, header, state, scale, act);
  const label = element("span", { class: "label", title: run.id }, run.label);
  const header = element("th", { scope: "row" }, lineSample(state.palette.style(run.slot)), label);
  header.append(step(newest));
  if (older.length > 0) {
    const text = `${older.length} older`;
    const fold = element("button", { type: "button", class: "link fold", "aria-expanded": `${open}` }, text);
    fold.setAttribute("aria-label", `${text} of ${run.label}`);
    fold.dataset["fold"] = run.dir;
    fold.addEventListener("click", () => act.fold(run.dir));
    header.append(fold);
  }
  const more = open ? older : [];
  return [
    cells(newest, header),
    ...more.map((evaluation) => {
      const tr = cells(evaluation, element("th", { scope: "row" }, step(evaluation)));
      tr.classList.add("older");
      return tr;
    }),
  ];
}

const obstaclesTo = (evaluation: Evaluation, { reference }: QualityTableState): string[] =>
  reference === null ? [] : obstacles(evaluation, reference);

const step = (evaluation: Evaluation): HTMLElement =>
  element("span", { class: "step" }, `step ${formatCount(evaluation.step)}`);

function row(
  run: RunInfo,
  evaluation: Evaluation,
  header: HTMLElement,
  state: QualityTableState,
  scale: IntervalScale,
  act: QualityTableActions,
): HTMLElement {
  const { shown, palette } = state;
  const { kid, kidFloor, neighbours, time } = evaluation;
  const mark = markOf(evaluation);
  const [kidCell, ...cells] = QUALITY_COLUMNS.map(({ title, text, detail }) =>
    named(title, text(evaluation), detail === undefined ? {} : { title: detail(evaluation) }),
  );
  const number = (value: number): string => String(Number(value.toPrecision(3)));
  const words =
    `KID ${number(kid.value)}, 95 % interval ${number(kid.low)} to ${number(kid.high)}; ` +
    `floor ${number(kidFloor.value)}, error ${number(kidFloor.standardError)}, against ${kidFloor.against}`;
  if (neighbours !== undefined) {
    const name = `Nearest training images of ${run.label}, step ${formatCount(evaluation.step)}`;
    const button = iconButton("neighbours", name, () => act.showNeighbours(run.dir, evaluation));
    button.setAttribute("aria-pressed", String(shown === evaluation));
    button.dataset["neighbours"] = `${run.dir} ${time}`;
    header.append(button);
  }
  const others = obstaclesTo(evaluation, state);
  header.append(element("div", { class: "with" }, `${measuredWith(evaluation)}; ${trainingText(evaluation)}`));
  if (others.length > 0) {
    const note = `≠ ${others.join(", ")}`;
    header.append(element("div", { class: "incomparable", title: "Cannot be compared with the other rows" }, note));
  }
  const date = new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const when = named("When", date, { class: "wide" });
  const plot =
    others.length > 0
      ? element("td", { class: "wide" }, element("span", { class: "visually-hidden" }, words))
      : named(PLOT_TITLE, intervalPlot(mark, scale, words, palette.style(run.slot).colour), { class: "wide" });
  const tr = element("tr", { "data-run": run.dir, "data-time": time }, header, kidCell!, plot, ...cells, when);
  tr.classList.toggle("differs", others.length > 0);
  return tr;
}

/** A cell under its name: rows break, so that a column's head is not always above it. */
const named = (name: string, content: Node | string, attributes: Readonly<Record<string, string>> = {}): HTMLElement =>
  element("td", { "data-name": name, ...attributes }, content);

function unevaluated(run: RunInfo, { palette, atWork }: QualityTableState, act: QualityTableActions): HTMLElement {
  const label = element("span", { class: "label", title: run.id }, run.label);
  const header = element("th", { scope: "row" }, lineSample(palette.style(run.slot)), label);
  const cell = element("td", { colspan: String(QUALITY_COLUMNS.length + 2), class: "not-evaluated" });
  const busy = atWork.has(run.dir);
  cell.append(busy ? "Being evaluated …" : run.canEvaluate ? "Not evaluated yet" : "No run that can be evaluated");
  if (run.canEvaluate && !busy) {
    const name = { appearance: "secondary", "aria-label": `Evaluate ${run.label}`, "data-evaluate": run.dir };
    const button = control("button", name, "Evaluate");
    button.addEventListener("click", () => act.evaluate(run.dir));
    cell.append(button);
  }
  return element("tr", { "data-run": run.dir }, header, cell);
}
