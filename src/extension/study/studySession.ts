/** One study editor that is open: answers its page and tells it of changes. */
import { basename, dirname, join, relative } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { EventOf } from "../../core/protocol/message.ts";
import {
  type CellsState,
  type PlanState,
  STUDY_ACTIONS,
  type StudyAction,
  type StudyProtocol,
  studyRequests,
  type WorkState,
} from "../../core/protocol/study.ts";
import { cellState, type StudyFacts } from "../../core/study/cellState.ts";
import { changeStudy, type StudyChange } from "../../core/study/changeStudy.ts";
import type { SampleStrip } from "../../core/study/charts/sampleStrips.ts";
import type { MetricName } from "../../core/study/metrics.ts";
import { studyName } from "../../core/study/names.ts";
import { readStudy } from "../../core/study/read.ts";
import { planOutline } from "../../core/study/results.ts";
import { kidFloor } from "../../core/study/table.ts";
import { studyTotals } from "../../core/study/totals.ts";
import { usableMemory } from "../../node/machine.ts";
import { looksLikeRun } from "../../node/run/list.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { studyLog } from "../../node/study/places.ts";
import { StudyReader } from "../../node/study/studyReader.ts";
import { executeCommand } from "../commands/commandTable.ts";
import { askForFile } from "../dashboard/saveFile.ts";
import { editText, fixFinding } from "../documents/documentEdits.ts";
import { revealInText } from "../documents/revealInText.ts";
import { showAsText } from "../documents/showAsText.ts";
import { findExperiments, runsFolderFor } from "../runs/runFolders.ts";
import type { Services } from "../services.ts";
import { type Handlers, WebviewHost } from "../webview/webviewHost.ts";
import { PlanFollower } from "./planFollower.ts";
import { studyCommandLine } from "./studyCommandLine.ts";
import { studyForecast } from "./studyForecast.ts";
import { STUDY_VIEW_TYPE } from "./viewType.ts";

/** How often run folders are looked at while the page is shown; only files that have changed are read. */
const LOOK_MS = 1000;

/** Images of a cell. */
const SHOWN_SAMPLES = 16;

const COMMANDS = {
  run: "maskdm.runStudy",
  stop: "maskdm.stopStudy",
  retry: "maskdm.retryFailedCells",
  report: "maskdm.exportStudyReport",
} as const satisfies Readonly<Record<StudyAction, string>>;

export class StudySession implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = [];
  private readonly host: WebviewHost<StudyProtocol>;
  private readonly plan: PlanFollower;
  private reader: { readonly runsDir: string; readonly of: StudyReader } | null = null;
  private facts: StudyFacts | null = null;
  /** those asked for, to their end */
  private edits: Promise<void> = Promise.resolve();
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
    extensionUri: vscode.Uri,
    private readonly document: vscode.TextDocument,
    private readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
  ) {
    const { log, calibration, studies } = services;
    this.plan = new PlanFollower(document);
    this.host = new WebviewHost(panel.webview, {
      extensionUri,
      view: "study",
      title: `Study ${this.fileName}`,
      requests: studyRequests,
      handlers: this.handlers(),
      log,
    });
    this.disposables.push(
      this.host,
      this.plan,
      this.plan.onDidChange(() => this.planChanged()),
      vscode.workspace.onDidChangeTextDocument((change) => {
        if (change.document === document && change.contentChanges.length > 0) this.tellDocument();
      }),
      studies.onDidChange((uri) => {
        if (uri.toString() === document.uri.toString()) void this.tellProblems();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.tellWork()),
      calibration.onDidChange(() => this.tellForecast()),
      panel.onDidChangeViewState(() => {
        // A hidden page is gone: it is made again when it is shown, and says that it is ready.
        if (!panel.visible) this.isReady = false;
      }),
    );
  }

  get uri(): vscode.Uri {
    return this.document.uri;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private get fileName(): string {
    return basename(this.document.uri.path);
  }

  private get runsDir(): string {
    return runsFolderFor(this.document.uri);
  }

  /** Tells what the page does not know yet. */
  private tell<E extends EventOf<StudyProtocol>>(event: E, data: StudyProtocol["events"][E]): void {
    if (!this.isReady) return;
    const text = JSON.stringify(data);
    if (this.sent.get(event) === text) return;
    this.sent.set(event, text);
    this.host.send(event, data);
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
  private look(): Promise<void> {
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
    const { runsDir, version } = this;
    if (this.reader?.runsDir !== runsDir) this.reader = { runsDir, of: new StudyReader(runsDir) };
    try {
      this.facts = await this.reader.of.facts(studyName(this.document.uri.fsPath), current.plan);
    } catch (error) {
      this.services.log.error(`${this.fileName}: ${error instanceof Error ? error.message : error}`);
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
    if (states.length > 0) this.host.send("cells", { version: this.version, metric, floor, states });
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
    const { machine, measurements } = this.services.calibration;
    const left = [...current.plan.runs.values()].filter(({ id }) => this.facts?.run(id)?.state !== "finished");
    // Hundreds of trainings take a while to forecast.
    const made = JSON.stringify([this.version, left.length, measurements]);
    if (made === this.madeForecast) return;
    this.madeForecast = made;
    this.tell("forecast", studyForecast(left, { machine, measurements, machineBytes: usableMemory() }));
  }

  private handlers(): Handlers<StudyProtocol> {
    const { document } = this;
    return {
      ready: async () => {
        await this.services.calibration.ready;
        this.sent.clear();
        this.madeForecast = "";
        this.isReady = true;
        setTimeout(() => void this.begin(), 0);
        return {
          fileName: this.fileName,
          document: { text: document.getText(), version: document.version },
          commands: Object.fromEntries(STUDY_ACTIONS.map((action) => [action, this.commandText(action)])) as Record<
            StudyAction,
            string
          >,
        };
      },
      edit: async ({ changes }) => {
        await this.edit(changes);
        return null;
      },
      fix: async (finding) => {
        await fixFinding(document, await this.services.studies.get(document), finding);
        return null;
      },
      reveal: async (place) => {
        await revealInText(document, place);
        return null;
      },
      openText: async () => {
        await showAsText(document.uri, STUDY_VIEW_TYPE, this.panel.viewColumn);
        return null;
      },
      openBase: async ({ as }) => {
        const { baseFile } = this.plan;
        if (baseFile === null) throw new UserError("The study names no experiment that can be opened.");
        const uri = vscode.Uri.file(baseFile);
        if (as === "designer") await executeCommand("maskdm.openDesigner", uri);
        else await vscode.window.showTextDocument(uri);
        return null;
      },
      chooseBase: async () => {
        const base = await this.chooseBase();
        if (base !== null) await this.edit([{ path: ["base"], value: base }]);
        return null;
      },
      act: async ({ action }) => {
        await executeCommand(COMMANDS[action], document.uri);
        void this.look();
        return null;
      },
      copyCommand: async ({ action }) => {
        await vscode.env.clipboard.writeText(this.commandText(action));
        return null;
      },
      openRuns: async ({ cells }) => {
        await this.openRuns(cells);
        return null;
      },
      openLog: async () => {
        const log = vscode.Uri.file(studyLog(this.runsDir, studyName(document.uri.fsPath)));
        await vscode.window.showTextDocument(log, { preview: true });
        return null;
      },
      curves: async ({ configurations, measure, axis }) => {
        const { current } = this.plan;
        if (current.kind !== "planned") return [];
        const { studyCurves } = await import("./studyCurves.ts");
        return studyCurves(current.plan, this.runsDir, configurations, measure, axis);
      },
      samples: async ({ cells }) => this.samples(cells),
      metric: ({ metric }) => {
        this.metric = metric;
        this.tellCells();
        return null;
      },
      measure: () => this.measure(),
      manageTrust: async () => {
        await vscode.commands.executeCommand("workbench.trust.manage");
        return null;
      },
      save: async ({ name, kind, bytes }) => {
        const uri = await askForFile(name, kind);
        if (uri === null) return null;
        await vscode.workspace.fs.writeFile(uri, bytes);
        return uri.fsPath;
      },
    };
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

  private commandText(action: StudyAction): string {
    return maskdmCommand(...studyCommandLine(action, this.document.uri).args);
  }

  /** One after the other: each is worked out on the text that the one before left. */
  private async edit(changes: readonly StudyChange[]): Promise<void> {
    const edit = this.edits.then(() => editText(this.document, (text) => changeStudy(text, changes)));
    this.edits = edit.catch(() => {});
    await edit;
    await this.plan.update();
  }

  /** An experiment as the study would write it; null: none was chosen. */
  private async chooseBase(): Promise<string | null> {
    const found = await findExperiments();
    const folder = dirname(this.document.uri.fsPath);
    const items = found.map(({ fsPath }) => ({ label: relative(folder, fsPath).replaceAll("\\", "/") }));
    const picked = await vscode.window.showQuickPick(items, { placeHolder: "Experiment that the study varies" });
    return picked?.label ?? null;
  }

  private async openRuns(cells: readonly number[]): Promise<void> {
    const { current } = this.plan;
    const ids = new Set(
      current.kind === "planned"
        ? cells.flatMap((cell) => current.plan.cells[cell]?.runs.map(({ id }) => id) ?? [])
        : [],
    );
    const dirs = [...ids].map((id) => join(this.runsDir, id)).filter(looksLikeRun);
    if (dirs.length === 0) throw new UserError("Its training has not begun yet, so there is no run to open.");
    await executeCommand("maskdm.openDashboard", dirs);
  }

  private async samples(cells: readonly number[]): Promise<SampleStrip[]> {
    const { current } = this.plan;
    const { facts } = this;
    if (current.kind !== "planned" || facts === null) return [];
    const { cellSamples } = await import("../../node/study/cellSamples.ts");
    return cells.flatMap((place) => {
      const cell = current.plan.cells[place];
      return (cell && cellSamples(cell, current.plan, facts, { runsDir: this.runsDir, most: SHOWN_SAMPLES })) ?? [];
    });
  }

  private async measure(): Promise<null> {
    const { baseFile } = this.plan;
    if (baseFile === null || this.measuring) return null;
    this.measuring = true;
    this.tellWork();
    try {
      await executeCommand("maskdm.calibrate", vscode.Uri.file(baseFile));
    } finally {
      this.measuring = false;
      this.tellWork();
    }
    return null;
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
