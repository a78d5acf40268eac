/** One study editor that is open: does what its page asks for. */
import { basename, dirname, join, relative } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { STUDY_ACTIONS, type StudyAction, type StudyProtocol, studyRequests } from "../../core/protocol/study.ts";
import { changeStudy, type StudyChange } from "../../core/study/changeStudy.ts";
import type { SampleStrip } from "../../core/study/charts/sampleStrips.ts";
import { studyName } from "../../core/study/names.ts";
import { looksLikeRun } from "../../node/run/list.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { studyLog } from "../../node/study/places.ts";
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
import { StudyTelling } from "./studyTelling.ts";
import { STUDY_VIEW_TYPE } from "./viewType.ts";

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
  private readonly telling: StudyTelling;
  /** those asked for, to their end */
  private edits: Promise<void> = Promise.resolve();

  constructor(
    extensionUri: vscode.Uri,
    private readonly document: vscode.TextDocument,
    private readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
  ) {
    this.plan = new PlanFollower(document);
    this.telling = new StudyTelling(document, this.plan, services, (event, data) => this.host.send(event, data));
    this.host = new WebviewHost(panel.webview, {
      extensionUri,
      view: "study",
      title: `Study ${this.fileName}`,
      requests: studyRequests,
      handlers: this.handlers(),
      log: services.log,
    });
    this.disposables.push(
      this.host,
      this.plan,
      this.telling,
      panel.onDidChangeViewState(() => {
        // A hidden page is gone: it is made again when it is shown, and says that it is ready.
        if (!panel.visible) this.telling.pageGone();
      }),
    );
  }

  get uri(): vscode.Uri {
    return this.document.uri;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private get fileName(): string {
    return basename(this.document.uri.path);
  }

  private get runsDir(): string {
    return runsFolderFor(this.document.uri);
  }

  private handlers(): Handlers<StudyProtocol> {
    const { document } = this;
    return {
      ready: async () => {
        await this.services.calibration.ready;
        this.telling.pageReady();
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
        void this.telling.look();
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
        this.telling.showMetric(metric);
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
    const { facts } = this.telling;
    if (current.kind !== "planned" || facts === null) return [];
    const { cellSamples } = await import("../../node/study/cellSamples.ts");
    return cells.flatMap((place) => {
      const cell = current.plan.cells[place];
      return (cell && cellSamples(cell, current.plan, facts, { runsDir: this.runsDir, most: SHOWN_SAMPLES })) ?? [];
    });
  }

  private async measure(): Promise<null> {
    const { baseFile } = this.plan;
    if (baseFile === null || this.telling.isMeasuring) return null;
    this.telling.showMeasuring(true);
    try {
      await executeCommand("maskdm.calibrate", vscode.Uri.file(baseFile));
    } finally {
      this.telling.showMeasuring(false);
    }
    return null;
  }
}
