/** What the page knows: the file's text, what it comes to, and where its cells stand. */
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type {
  CellsState,
  PlanState,
  StudyAction,
  StudyForecast,
  StudyProtocol,
  WorkState,
} from "../../src/core/protocol/study.ts";
import type { CellState } from "../../src/core/study/cellState.ts";
import type { MetricName } from "../../src/core/study/metrics.ts";
import { readStudy, type StudyReading } from "../../src/core/study/read.ts";
import { foldedResults, type PlanOutline, type StudyResults } from "../../src/core/study/results.ts";
import type { StudyConfig } from "../../src/core/study/schema.ts";
import { type StudyTable, studyTable } from "../../src/core/study/table.ts";
import type { ViewState } from "./viewState.ts";

/** What changed, so that views redo only what they must. */
export type Aspect = "text" | "plan" | "cells" | "work" | "forecast" | "view" | "theme";

export class StudyModel {
  fileName = "";
  commands: Readonly<Record<StudyAction, string>> = { run: "", stop: "", retry: "", report: "" };
  reading: StudyReading = readStudy("");
  /** the study of the last text that was one */
  lastGood: StudyConfig | null = null;
  plan: PlanState | null = null;
  /** of the plan's cells, in their order; empty until they are known */
  states: CellState[] = [];
  /** that the values of `states` are of */
  metric: MetricName = "kid";
  work: WorkState = {
    ...{ atWork: false, started: false, changed: false, message: null, trusted: true, measuring: false },
  };
  forecast: StudyForecast | null = null;
  /** of the text */
  version = 0;
  private problems: StudyProtocol["events"]["problems"] | null = null;
  private floor: number | null = null;
  private folded: StudyResults | null = null;
  private tabled: StudyTable | null = null;
  private readonly listeners: ((aspect: Aspect, cells: readonly number[] | null) => void)[] = [];

  constructor(public view: ViewState) {}

  /** @param listener with the cells that changed; null: all, or it is about something else */
  onChange(listener: (aspect: Aspect, cells: readonly number[] | null) => void): void {
    this.listeners.push(listener);
  }

  get outline(): PlanOutline | null {
    return this.plan?.kind === "planned" ? this.plan.outline : null;
  }

  /** Of the text as it is: what lint finds once it has told, until then what the schema refuses. */
  get diagnostics(): readonly Diagnostic[] {
    return this.problems?.version === this.version ? this.problems.diagnostics : this.reading.diagnostics;
  }

  /** Of all cells; null: nothing is known yet. */
  get results(): StudyResults | null {
    const { outline, states, metric } = this;
    if (outline === null || states.length !== outline.cells.length) return null;
    this.folded ??= foldedResults({ ...outline, metric }, states);
    return this.folded;
  }

  /** The results as charts take them. */
  get table(): StudyTable | null {
    const { outline, results } = this;
    if (outline === null || results === null) return null;
    this.tabled ??= studyTable(outline, results, this.floor);
    return this.tabled;
  }

  setProblems(problems: StudyProtocol["events"]["problems"]): void {
    this.problems = problems;
    this.tell("text");
  }

  setDocument({ text, version }: StudyProtocol["events"]["document"]): void {
    this.version = version;
    this.reading = readStudy(text);
    if (this.reading.study !== null) this.lastGood = this.reading.study;
    this.tell("text");
  }

  setPlan(plan: PlanState): void {
    this.plan = plan;
    this.states = [];
    this.folded = null;
    this.tabled = null;
    this.tell("plan");
  }

  setCells({ version, metric, floor, states }: CellsState): void {
    if (version !== this.plan?.version) return;
    const isFirst = this.states.length === 0;
    for (const [cell, state] of states) this.states[cell] = state;
    this.metric = metric;
    this.floor = floor;
    this.folded = null;
    this.tabled = null;
    this.tell("cells", isFirst ? null : states.map(([cell]) => cell));
  }

  setWork(work: WorkState): void {
    this.work = work;
    this.tell("work");
  }

  setForecast(forecast: StudyForecast): void {
    this.forecast = forecast;
    this.tell("forecast");
  }

  setView(change: Partial<ViewState>): void {
    this.view = { ...this.view, ...change };
    this.tell("view");
  }

  tell(aspect: Aspect, cells: readonly number[] | null = null): void {
    for (const listener of this.listeners) listener(aspect, cells);
  }
}
