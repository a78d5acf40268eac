/** One panel "MaskDM Runs": a set of runs, their charts, samples, logs and configs. */
import { join } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import {
  type DashboardProtocol,
  dashboardRequests,
  type RUN_ACTIONS,
  type RunInfo,
  type SampleFile,
} from "../../core/protocol/dashboard.ts";
import type { DashboardTab } from "../../core/protocol/dashboardTabs.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { CHARTS, measuresOf } from "../../core/series/charts.ts";
import { chartCsv } from "../../core/series/csv.ts";
import { evaluationsFolder } from "../../node/run/evaluations.ts";
import { EXPERIMENT_FILE } from "../../node/run/runFiles.ts";
import { listSamples, samplesFolder } from "../../node/run/sampleFiles.ts";
import { executeCommand } from "../commands/commandTable.ts";
import type { Services } from "../services.ts";
import { panelIcon } from "../webview/panelIcon.ts";
import { type Handlers, WebviewHost } from "../webview/webviewHost.ts";
import { requireFew, requireRun } from "./allowedRuns.ts";
import { ChartFeed } from "./chartFeed.ts";
import { evaluationHandlers } from "./evaluationHandlers.ts";
import { pickRuns } from "./pickRuns.ts";
import { configOf, defaultConfig, readConfig } from "./runConfig.ts";
import { runDetails } from "./runDetails.ts";
import { type PanelRun, runInfos } from "./runInfo.ts";
import type { RunSeriesStore } from "./runSeries.ts";
import { askForFile, writeText } from "./saveFile.ts";

export interface DashboardContext {
  readonly extensionUri: vscode.Uri;
  readonly services: Services;
  readonly series: RunSeriesStore;
}

/** A run's folder, and the place among the colours that it had before. */
export interface PanelPlace {
  readonly dir: string;
  readonly slot?: number;
}

interface ShownRun extends PanelRun {
  /** the newest one that the page was told of */
  evaluation: Evaluation | null;
  readonly followed: ReturnType<RunSeriesStore["follow"]>;
}

/** The folders of a run that the page may load pictures from. */
const pictureRoots = (runs: Iterable<PanelRun>): vscode.Uri[] =>
  Array.from(runs, ({ dir }) => [samplesFolder(dir), evaluationsFolder(dir)].map(vscode.Uri.file)).flat();

export class DashboardPanel implements vscode.Disposable {
  private readonly runs = new Map<string, ShownRun>();
  private readonly feed: ChartFeed;
  private readonly host: WebviewHost<DashboardProtocol>;
  private readonly subscriptions: vscode.Disposable[] = [];
  private infos: readonly RunInfo[] = [];
  private log: vscode.Disposable | undefined;
  /** whether there is a page that has said that it is ready */
  private listening = false;
  /** tab that the next page is to open */
  private wantedTab: DashboardTab | null = null;

  /** @param runs that it begins with, as requireRun and requireFew have allowed them */
  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly context: DashboardContext,
    runs: readonly PanelPlace[] = [],
  ) {
    this.feed = new ChartFeed((lines) => this.host.send("lines", lines));
    const { extensionUri, services } = context;
    this.take(runs);
    this.host = new WebviewHost(panel.webview, {
      extensionUri,
      view: "dashboard",
      title: panel.title,
      requests: dashboardRequests,
      handlers: this.handlers(),
      log: services.log,
      // Known before the page begins: it is loaded anew when they change.
      roots: pictureRoots(this.runs.values()),
    });
    this.update();
    panel.iconPath = panelIcon(extensionUri);
    this.subscriptions.push(
      services.runs.onDidChange(({ changed, removed }) => {
        this.update();
        for (const { dir, evaluation } of changed) {
          const run = this.runs.get(dir);
          if (run === undefined) continue;
          this.host.send("samplesChanged", { dir });
          if (run.evaluation !== evaluation) this.host.send("evaluationsChanged", { dir });
          run.evaluation = evaluation;
        }
        for (const dir of removed) if (this.runs.has(dir)) this.remove(dir);
      }),
      panel.onDidDispose(() => this.dispose()),
      // A hidden page is gone: it is made again when it is shown, and says that it is ready.
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        this.listening = false;
        this.feed.pause();
        this.log?.dispose();
      }),
    );
  }

  get dirs(): string[] {
    return [...this.runs.keys()];
  }

  /**
   * Adds runs; those that are in the panel stay as they are.
   * @throws UserError for a folder that is no run of the workspace, or too many runs
   */
  async add(dirs: readonly string[]): Promise<void> {
    for (const dir of dirs) await requireRun(dir, this.context.services.runs);
    const fresh = [...new Set(dirs)].filter((dir) => !this.runs.has(dir));
    requireFew(this.runs.size + fresh.length);
    if (fresh.length === 0) return;
    this.take(fresh.map((dir) => ({ dir })));
    const { webview } = this.panel;
    const own = (webview.options.localResourceRoots ?? []).filter((root) => this.isOwnRoot(root));
    webview.options = { ...webview.options, localResourceRoots: [...own, ...pictureRoots(this.runs.values())] };
    this.update();
  }

  /** Opens a tab of the page, as soon as there is one. */
  openTab(tab: DashboardTab): void {
    if (this.listening) this.host.send("openTab", { tab });
    else this.wantedTab = tab;
  }

  private take(runs: readonly PanelPlace[]): void {
    for (const { dir, slot: wanted } of runs) {
      if (this.runs.has(dir)) continue;
      const slot = this.freeSlot(wanted);
      const entry = this.context.services.runs.get(dir);
      const followed = this.context.series.follow(dir, (row) => this.feed.changed(dir, row));
      const config = entry === undefined ? readConfig(dir) : configOf(entry);
      const evaluation = entry?.evaluation ?? null;
      this.runs.set(dir, { dir, slot, config, followed, evaluation });
      this.feed.add(dir, slot, followed.columns);
    }
  }

  dispose(): void {
    this.log?.dispose();
    this.feed.dispose();
    this.host.dispose();
    for (const { followed } of this.runs.values()) followed.dispose();
    this.runs.clear();
    for (const subscription of this.subscriptions.splice(0)) subscription.dispose();
  }

  private isOwnRoot(root: vscode.Uri): boolean {
    return root.path.startsWith(`${this.context.extensionUri.path}/`);
  }

  private freeSlot(wanted: number | undefined): number {
    const taken = new Set(Array.from(this.runs.values(), ({ slot }) => slot));
    if (wanted !== undefined && !taken.has(wanted)) return wanted;
    let slot = 0;
    while (taken.has(slot)) slot++;
    return slot;
  }

  private remove(dir: string): void {
    const run = this.runs.get(dir);
    if (run === undefined) return;
    run.followed.dispose();
    this.feed.remove(dir);
    this.runs.delete(dir);
    this.update();
  }

  /** Tells the page what is new about its runs: one of them, or all where labels or the set changed. */
  private update(): void {
    const before = new Map(this.infos.map((info) => [info.dir, JSON.stringify(info)]));
    const labels = (infos: readonly RunInfo[]): string => infos.map(({ dir, label }) => `${dir}\n${label}`).join("\n");
    const old = labels(this.infos);
    this.infos = runInfos([...this.runs.values()], (dir) => this.context.services.runs.get(dir));
    this.panel.title = this.infos.length === 1 ? `Run: ${this.infos[0]!.label}` : `MaskDM Runs (${this.infos.length})`;
    if (labels(this.infos) !== old) this.host.send("runs", this.infos);
    else for (const info of this.infos) if (before.get(info.dir) !== JSON.stringify(info)) this.host.send("run", info);
  }

  /** @throws UserError unless the folder is one of the panel's runs, which is checked for every path in a message */
  private own(dir: string): ShownRun {
    const run = this.runs.get(dir);
    if (run === undefined) throw new UserError(`${dir} is not a run of this dashboard.`);
    return run;
  }

  private handlers(): Handlers<DashboardProtocol> {
    return {
      ready: () => {
        this.feed.pause();
        this.host.send("runs", this.infos);
        this.listening = true;
        if (this.wantedTab !== null) this.openTab(this.wantedTab);
        this.wantedTab = null;
        return null;
      },
      view: async (view) => {
        for (const dir of view.hidden) this.own(dir);
        await this.feed.setView(view);
        return null;
      },
      addRuns: async () => {
        const title = "Runs in this dashboard";
        const dirs = await pickRuns(this.context.services.runs.runs, title, new Set(this.dirs));
        if (dirs === null) return null;
        for (const dir of this.dirs) if (!dirs.includes(dir)) this.remove(dir);
        await this.add(dirs);
        return null;
      },
      act: ({ dir, action }) => this.act(dir, action),
      samples: ({ dir }) => this.samples(dir),
      ...evaluationHandlers(this.panel.webview, (dir) => {
        this.own(dir);
        return this.infos.find((info) => info.dir === dir)!;
      }),
      followLog: ({ dir }) => {
        if (dir !== null) this.own(dir);
        this.log?.dispose();
        this.log =
          dir === null
            ? undefined
            : this.context.services.runs.tailLog(dir, (text, reset) => this.host.send("log", { dir, text, reset }));
        return null;
      },
      details: () => ({
        runs: this.dirs.flatMap((dir) => {
          const entry = this.context.services.runs.get(dir);
          return entry === undefined ? [] : [runDetails(entry)];
        }),
        defaults: defaultConfig(),
      }),
      exportCsv: async ({ chart, x, range, dirs }) => {
        const runs = dirs.map((dir) => {
          const { followed } = this.own(dir);
          const info = this.infos.find((other) => other.dir === dir);
          return { id: info?.id ?? dir, label: info?.label ?? dir, columns: followed.columns };
        });
        const uri = await askForFile(CHARTS[chart].title, "csv");
        if (uri === null) return null;
        await writeText(uri, chartCsv(runs, measuresOf(chart), x, range, CHARTS[chart].optional));
        return uri.fsPath;
      },
      savePicture: async ({ name, kind, bytes }) => {
        const uri = await askForFile(name, kind);
        if (uri === null) return null;
        await vscode.workspace.fs.writeFile(uri, bytes);
        return uri.fsPath;
      },
    };
  }

  private async act(dir: string, action: (typeof RUN_ACTIONS)[number]): Promise<null> {
    this.own(dir);
    if (action === "stop") await executeCommand("maskdm.stop", dir);
    else if (action === "resume") await executeCommand("maskdm.resume", dir);
    else if (action === "evaluate") await executeCommand("maskdm.evaluateRun", dir);
    else if (action === "remove") this.remove(dir);
    else if (action === "openConfig") await vscode.window.showTextDocument(vscode.Uri.file(join(dir, EXPERIMENT_FILE)));
    else await vscode.commands.executeCommand("revealInExplorer", vscode.Uri.file(dir));
    return null;
  }

  private async samples(dir: string): Promise<SampleFile[]> {
    this.own(dir);
    const { webview } = this.panel;
    const address = (name: string, version: string): string =>
      webview
        .asWebviewUri(vscode.Uri.joinPath(vscode.Uri.file(samplesFolder(dir)), name))
        .with({ query: `v=${version}` })
        .toString();
    return (await listSamples(dir)).map(({ name, step, variant, page, version, trajectory }) => ({
      name,
      step,
      variant,
      page,
      uri: address(name, version),
      trajectory: trajectory === null ? null : address(trajectory, version),
    }));
  }
}
