/** Starts the bundled trainer: runs through the queue, in processes that outlive the editor; short commands as children. */
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { Program } from "../../node/run/detached.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { type CommandOptions, type CommandResult, runCommand } from "../../node/shortCommand.ts";
import type { RunRequest, TrainerLauncher } from "../services.ts";
import { affects, setting } from "../settings.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import { saved } from "../trainer/saved.ts";
import { trainerEnvironment } from "../trainer/trainerEnvironment.ts";
import { runsFolderFor } from "./runFolders.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

/** A worker that ended at once, or was killed, is not started again more often than this. */
const WORKER_PAUSE_MS = 5000;

export class DetachedTrainer implements TrainerLauncher, vscode.Disposable {
  private readonly startedWorkers = new Map<string, number>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly runs: WorkspaceRuns,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      // After a restart of the machine, or where a worker was killed, the queue goes on with the next window.
      runs.onDidSeeWaiting((runsDir) => void this.keepWorked(runsDir)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (affects(event, "runsAtOnce")) void this.writeLimits();
      }),
    ];
  }

  get program(): Program {
    const program = vscode.Uri.joinPath(this.extensionUri, "dist", "maskdm.js").fsPath;
    return { command: process.execPath, args: [program], env: trainerEnvironment() };
  }

  async start(request: RunRequest): Promise<string> {
    requireTrust();
    const { stage, from, set, text, name } = request;
    if (text === undefined) await saved(request.file);
    const runsDir = runsFolderFor(request.file);
    const [{ enqueueStart }] = await Promise.all([import("../../node/run/enqueue.ts"), this.writeLimit(runsDir)]);
    const id = await enqueueStart({
      ...{ runsDir, experimentFile: request.file.fsPath, stage, from, name },
      ...(set ? { set } : {}),
      ...(text === undefined ? {} : { experimentText: text }),
    });
    const dir = join(runsDir, id);
    await this.work(runsDir, dir);
    return dir;
  }

  async resume(dir: string): Promise<void> {
    requireTrust();
    const runsDir = dirname(dir);
    const [{ queueResume }] = await Promise.all([import("../../node/run/changeRun.ts"), this.writeLimit(runsDir)]);
    await queueResume(dir, () => this.work(runsDir, dir));
  }

  async stop(dir: string): Promise<void> {
    requireTrust();
    const { stopRun } = await import("../../node/run/changeRun.ts");
    stopRun(dir);
    await this.runs.changed(dir, dirname(dir));
  }

  async command(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    requireTrust();
    this.log.info(maskdmCommand(...args));
    const cwd = options.cwd ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    const result = await runCommand(this.program, args, { ...options, ...(cwd === undefined ? {} : { cwd }) });
    if (result.code !== 0) this.log.warn(`maskdm ${args[0]} ended with ${result.code}: ${result.stderr.trim()}`);
    return result;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async work(runsDir: string, dir: string): Promise<void> {
    this.startedWorkers.delete(runsDir);
    await this.keepWorked(runsDir);
    await this.runs.changed(dir, runsDir);
  }

  /** Starts a worker for a queue that waits and has none. */
  private async keepWorked(runsDir: string): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    if (Date.now() - (this.startedWorkers.get(runsDir) ?? 0) < WORKER_PAUSE_MS) return;
    this.startedWorkers.set(runsDir, Date.now());
    try {
      const { isWorked, startWorker } = await import("../../node/run/queueWorker.ts");
      if (await isWorked(runsDir)) return;
      this.log.info(`starting the worker of the queue in ${runsDir}`);
      startWorker(runsDir, this.program).on("error", (error) => this.log.error(`the worker: ${error.message}`));
    } catch (error) {
      this.log.error(`the queue in ${runsDir} is not worked: ${error instanceof Error ? error.message : error}`);
    }
  }

  private async writeLimit(runsDir: string): Promise<void> {
    const { writeLimit } = await import("../../node/run/queue.ts");
    const runs = setting("runsAtOnce", vscode.Uri.file(runsDir));
    writeLimit(runsDir, Math.min(64, Math.max(1, Math.round(runs))));
  }

  /** The setting holds for queues that exist. */
  private async writeLimits(): Promise<void> {
    const { hasQueue } = await import("../../node/run/queue.ts");
    try {
      for (const runsDir of this.runs.runsDirs) if (hasQueue(runsDir)) await this.writeLimit(runsDir);
    } catch (error) {
      this.log.error(`maskdm.runsAtOnce: ${error instanceof Error ? error.message : error}`);
    }
  }
}
