/** The runs of the workspace, found and followed. */
import { join } from "node:path";
import * as vscode from "vscode";
import type { RunEntry, RunsChange } from "../../core/run/entry.ts";
import type { PackedLines } from "../../core/series/packedLines.ts";
import type { RunsFollower } from "../../node/run/runsFollower.ts";
import type { RunService } from "../services.ts";
import { affects } from "../settings.ts";
import { EXPERIMENT_GLOB, findExperiments, isFrozen, runsFolders } from "./runFolders.ts";

/** Files that come and go together are looked for once. */
const GATHER_MS = 300;

/** RunService on the file system. What it needs is loaded after activation. */
export class WorkspaceRuns implements RunService, vscode.Disposable {
  readonly ready: Promise<void>;
  private readonly changes = new vscode.EventEmitter<RunsChange>();
  readonly onDidChange = this.changes.event;
  private readonly experimentChanges = new vscode.EventEmitter<readonly vscode.Uri[]>();
  /** fired with all experiment files when one was added or removed */
  readonly onDidChangeExperiments = this.experimentChanges.event;
  private readonly waits = new vscode.EventEmitter<string>();
  /** fired again and again while something waits in the queue of a runs folder */
  readonly onDidSeeWaiting = this.waits.event;
  private readonly disposables: vscode.Disposable[] = [];
  private readonly extraFolders = new Set<string>();
  private follower: RunsFollower | undefined;
  private files: readonly vscode.Uri[] = [];
  private disposed = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param storage folder for what is made of long metrics, so that they open quickly; null: none */
  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly storage: string | null = null,
  ) {
    const watcher = vscode.workspace.createFileSystemWatcher(EXPERIMENT_GLOB, false, true, false);
    const again = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.findFolders(), GATHER_MS);
    };
    // Every new run brings a frozen experiment, which is none to train.
    const onFile = ({ fsPath }: vscode.Uri) => {
      if (!isFrozen(fsPath)) again();
    };
    this.disposables.push(
      this.changes,
      this.experimentChanges,
      this.waits,
      watcher,
      watcher.onDidCreate(onFile),
      watcher.onDidDelete(onFile),
      vscode.workspace.onDidChangeWorkspaceFolders(again),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (affects(event, "runsFolder")) again();
      }),
    );
    this.ready = this.start();
  }

  get runs(): readonly RunEntry[] {
    return this.follower?.entries ?? [];
  }

  get(dir: string): RunEntry | undefined {
    return this.follower?.get(dir);
  }

  /** Experiment files of the workspace, by path. */
  get experiments(): readonly vscode.Uri[] {
    return this.files;
  }

  /** Folders in which runs are looked for, existing or not. */
  get runsDirs(): readonly string[] {
    return this.follower?.runsDirs ?? [];
  }

  async refresh(): Promise<void> {
    await this.findFolders();
    await this.follower?.look(true);
  }

  /** Looks at a run at once that this window has just changed or queued, also in a folder of its own. */
  async changed(dir: string, runsDir: string): Promise<void> {
    if (!this.runsDirs.includes(runsDir)) {
      this.extraFolders.add(runsDir);
      await this.findFolders();
    }
    await this.follower?.lookAt(dir);
  }

  tailMetrics(dir: string, listener: (parts: readonly PackedLines[], reset: boolean) => void): vscode.Disposable {
    return this.tail(async () => {
      const [{ MetricsFollower }, { ColumnsStorage }] = await Promise.all([
        import("../../node/run/metricsFollower.ts"),
        import("../../node/run/columnsStorage.ts"),
      ]);
      const failed = (error: unknown) => this.log.warn(`the metrics of ${dir}: ${String(error)}`);
      const storage = this.storage === null ? null : new ColumnsStorage(this.storage, failed);
      return new MetricsFollower(dir, { lines: listener, failed }, storage);
    });
  }

  tailLog(dir: string, listener: (text: string, reset: boolean) => void): vscode.Disposable {
    return this.tail(async () => {
      const { FileTail } = await import("../../node/run/fileTail.ts");
      let decoder = new TextDecoder();
      return new FileTail(join(dir, "log.txt"), {
        bytes(chunk, reset) {
          if (reset) decoder = new TextDecoder();
          listener(decoder.decode(chunk, { stream: true }), reset);
        },
        failed: (error) => this.log.warn(`${join(dir, "log.txt")}: ${String(error)}`),
      });
    });
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.follower?.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** A tail that is loaded first; disposing it before that keeps it from beginning. */
  private tail(begin: () => Promise<vscode.Disposable>): vscode.Disposable {
    let ended = false;
    let tail: vscode.Disposable | undefined;
    void begin().then((begun) => {
      if (ended) begun.dispose();
      else tail = begun;
    });
    return new vscode.Disposable(() => {
      ended = true;
      tail?.dispose();
    });
  }

  private async start(): Promise<void> {
    const { RunsFollower } = await import("../../node/run/runsFollower.ts");
    if (this.disposed) return;
    this.follower = new RunsFollower({
      changed: (change) => this.changes.fire(change),
      waiting: (runsDir) => this.waits.fire(runsDir),
      failed: (error) => this.log.error(`runs could not be listed: ${error instanceof Error ? error.stack : error}`),
    });
    await this.findFolders();
  }

  private async findFolders(): Promise<void> {
    const files = await findExperiments();
    if (this.disposed) return;
    const before = this.files.map(String).join("\n");
    this.files = files;
    if (files.map(String).join("\n") !== before) this.experimentChanges.fire(files);
    await this.follower?.follow([...new Set([...runsFolders(files), ...this.extraFolders])]);
  }
}
