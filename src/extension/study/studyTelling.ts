/** Tells the page of a study editor what it does not know yet: text, problems, plan, cells, work and forecast. */
import { basename } from "node:path";
import * as vscode from "vscode";
import type { EventOf } from "../../core/protocol/message.ts";
import type { CellsState, PlanState, StudyProtocol, WorkState } from "../../core/protocol/study.ts";
import { cellState, type StudyFacts } from "../../core/study/cellState.ts";
import type { MetricName } from "../../core/study/metrics.ts";
import { studyName } from "../../core/study/names.ts";
import { readStudy } from "../../core/study/read.ts";
import { planOutline } from "../../core/study/results.ts";
import { kidFloor } from "../../core/study/table.ts";
import { studyTotals } from "../../core/study/totals.ts";
import { usableMemory } from "../../node/machine.ts";
import { StudyReader } from "../../node/study/studyReader.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { Services } from "../services.ts";
import type { PlanFollower } from "./planFollower.ts";
import { studyForecast } from "./studyForecast.ts";

/** How often run folders are looked at while the page is shown; only files that have changed are read. */
const LOOK_MS = 1000;

/** Sends an event to the page. */
export type Send = <E extends EventOf<StudyProtocol>>(event: E, data: StudyProtocol["events"][E]) => void;

export class StudyTelling implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[];
  private reader: { readonly runsDir: string; readonly of: StudyReader } | null = null;
  /** where the cells stood when they were looked at last */
  facts: StudyFacts | null = null;
  private measuring = false;
  private isReady = false;
  private version = 0;
  private metric: MetricName | null = null;
  /** what the page knows: each event's data, and each cell's state, as text */
  private readonly sent = new Map<string, string>();
  private sentStates: string[] = [];
  /** what the last forecast was of */
  private madeForecast = "";
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | null = null;
  private disposed = false;

  constructor(
    private readonly document: vscode.TextDocument,
    private readonly plan: PlanFollower,
    private readonly services: Services,
    private readonly send: Send,
  ) {
    const { calibration, studies } = services;
    this.disposables = [
      plan.onDidChange(() => this.planChanged()),
      vscode.workspace.onDidChangeTextDocument((change) => {
        if (change.document === document && change.contentChanges.length > 0) this.tellDocument();
      }),
      studies.onDidChange((uri) => {
        if (uri.toString() === document.uri.toString()) void this.tellProblems();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.tellWork()),
      calibration.onDidChange(() => this.tellForecast()),
    ];
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** The page has just begun, and knows nothing. */
  pageReady(): void {
    this.sent.clear();
    this.madeForecast = "";
    this.isReady = true;
    setTimeout(() => void this.begin(), 0);
  }

  /** Nothing is told until a page is ready again. */
  pageGone(): void {
    this.isReady = false;
  }

  /** @param metric that cells are shown by; null: the study's own */
  showMetric(metric: MetricName | null): void {
    this.metric = metric;
    this.tellCells();
  }

  get isMeasuring(): boolean {
    return this.measuring;
  }

  /** @param measuring whether the speed of the machine is being measured */
  showMeasuring(measuring: boolean): void {
    this.measuring = measuring;
    this.tellWork();
  }

  /** What a page that has just begun has to know. */
  private async begin(): Promise<void> {
    const { version } = this;
    await this.plan.update();
    if (this.version === version) this.tellPlan();
    this.tellWork();
    void this.tellProblems();
    await this.look();
  }

  /** Nothing where the page knows it. */
  private tell<E extends EventOf<StudyProtocol>>(event: E, data: StudyProtocol["events"][E]): void {
    if (!this.isReady) return;
    const text = JSON.stringify(data);
    if (this.sent.get(event) === text) return;
    this.sent.set(event, text);
    this.send(event, data);
  }

  private tellDocument(): void {
    this.tell("document", { text: this.document.getText(), version: this.document.version });
  }

  private async tellProblems(): Promise<void> {
    const { version, diagnostics } = await this.services.studies.get(this.document);
    this.tell("problems", { version, diagnostics });
  }

  private planChanged(): void {
    this.version++;
    this.tellPlan();
    void this.look();
  }

  private tellPlan(): void {
    const { current } = this.plan;
    this.sentStates = [];
    const base = {
      written: readStudy(this.document.getText()).study?.base ?? "",
      found: current.kind === "planned",
    };
    const state: PlanState =
      current.kind === "none"
        ? { ...current, version: this.version, base }
        : {
            ...{ kind: "planned", version: this.version, base },
            ...{ outline: planOutline(current.plan), totals: studyTotals(current.plan) },
          };
    this.tell("plan", state);
    this.tellForecast();
  }

  /** Looks where the cells stand, and does so again later. */
  look(): Promise<void> {
    this.looking ??= this.lookNow().finally(() => {
      this.looking = null;
      clearTimeout(this.timer);
      if (this.isReady && !this.disposed) this.timer = setTimeout(() => void this.look(), LOOK_MS);
    });
    return this.looking;
  }

  private async lookNow(): Promise<void> {
    const { current } = this.plan;
    if (current.kind !== "planned" || !this.isReady) return;
    const { version } = this;
    const runsDir = runsFolderFor(this.document.uri);
    if (this.reader?.runsDir !== runsDir) this.reader = { runsDir, of: new StudyReader(runsDir) };
    try {
      this.facts = await this.reader.of.facts(studyName(this.document.uri.fsPath), current.plan);
    } catch (error) {
      this.services.log.error(`${basename(this.document.uri.path)}: ${error instanceof Error ? error.message : error}`);
      return;
    }
    if (version === this.version) this.tellCells();
    this.tellWork();
    this.tellForecast();
  }

  private tellCells(): void {
    const { facts } = this;
    const { current } = this.plan;
    if (facts === null || current.kind !== "planned" || !this.isReady) return;
    const metric = this.metric ?? current.plan.study.metric;
    const plan = { ...current.plan, study: { ...current.plan.study, metric } };
    const states: CellsState["states"][number][] = [];
    for (const [i, cell] of plan.cells.entries()) {
      const state = cellState(cell, plan, facts);
      const shown = "run" in state && state.run !== null ? { ...state, run: nameOf(state.run) } : state;
      const text = `${metric} ${JSON.stringify(shown)}`;
      if (text === this.sentStates[i]) continue;
      this.sentStates[i] = text;
      states.push([i, shown]);
    }
    const floor = kidFloor(plan, facts);
    if (states.length > 0) this.send("cells", { version: this.version, metric, floor, states });
  }

  private tellWork(): void {
    const record = this.facts?.record ?? null;
    const { current } = this.plan;
    const state: WorkState = {
      atWork: this.facts?.atWork === true,
      started: record !== null,
      changed: record !== null && current.kind === "planned" && !comesTo(current.texts, record),
      message: record?.message ?? null,
      trusted: vscode.workspace.isTrusted,
      measuring: this.measuring,
    };
    this.tell("work", state);
  }

  private tellForecast(): void {
    const { current } = this.plan;
    if (current.kind !== "planned" || !this.isReady) return;
    const { machine, measurements, autoTakesTorch } = this.services.calibration;
    const left = [...current.plan.runs.values()].filter(({ id }) => this.facts?.run(id)?.state !== "finished");
    // Hundreds of trainings take a while to forecast.
    const made = JSON.stringify([this.version, left.length, measurements]);
    if (made === this.madeForecast) return;
    this.madeForecast = made;
    this.tell("forecast", studyForecast(left, { machine, measurements, autoTakesTorch, machineBytes: usableMemory() }));
  }
}

const nameOf = ({ id, stage }: { readonly id: string; readonly stage: "pretrain" | "finetune" }) => ({ id, stage });

interface Texts {
  readonly studyText: string;
  readonly baseText: string;
}

/** Whether two studies are the same, but for comments and layout. */
const comesTo = (a: Texts, b: Texts): boolean =>
  a.baseText === b.baseText &&
  (a.studyText === b.studyText ||
    JSON.stringify(readStudy(a.studyText).study) === JSON.stringify(readStudy(b.studyText).study));
