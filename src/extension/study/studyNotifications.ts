/** Tells when the first cell of a study fails, and when a study ends. */
import { join } from "node:path";
import * as vscode from "vscode";
import type { RunEntry } from "../../core/run/entry.ts";
import type { StudyRecord } from "../../core/study/record.ts";
import { executeCommand } from "../commands/commandTable.ts";
import { isFirstToTell } from "../runs/firstToTell.ts";
import type { WorkspaceRuns } from "../runs/workspaceRuns.ts";

/** Studies at work are looked at so often. */
const LOOK_MS = 2000;

interface Seen {
  readonly atWork: boolean;
  readonly failed: number;
}

export class StudyNotifications implements vscode.Disposable {
  private readonly seen = new Map<string, Seen>();
  private readonly subscription: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  constructor(
    private readonly runs: WorkspaceRuns,
    private readonly log: vscode.LogOutputChannel,
  ) {
    // A study that is at work changes runs all the time; one that is not is none to tell of.
    this.subscription = runs.onDidChange(() => this.soon());
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, LOOK_MS);
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const { studyFolder, studyNames } = await import("../../node/study/places.ts");
      const { readStudyRecord } = await import("../../node/study/recordFile.ts");
      const { hasWorker } = await import("../../node/run/queueWorker.ts");
      for (const runsDir of this.runs.runsDirs) {
        for (const name of studyNames(runsDir)) {
          const record = readStudyRecord(runsDir, name);
          const atWork = await hasWorker(studyFolder(runsDir, name));
          if (record.ok) await this.see(runsDir, record.value, atWork);
          if (atWork) this.soon();
        }
      }
    } catch (error) {
      this.log.error(`studies could not be looked at: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.looking = false;
    }
  }

  private async see(runsDir: string, record: StudyRecord, atWork: boolean): Promise<void> {
    const key = join(runsDir, record.name);
    const before = this.seen.get(key);
    const failures = this.failuresOf(runsDir, record);
    this.seen.set(key, { atWork, failed: failures.length });
    if (before === undefined) return;
    const [first] = failures;
    if (before.failed === 0 && first !== undefined) void this.tell(record, `first failure ${first}`, first, "failed");
    if (before.atWork && !atWork && record.asked === "run") {
      const message = record.message ?? "it has ended";
      void this.tell(record, "end", message, failures.length === 0 ? "done" : "failed");
    }
  }

  /** Why its cells failed: in measuring, as the record has it; in training, as the runs say. */
  private failuresOf(runsDir: string, { name, failed }: StudyRecord): string[] {
    const isFailed = ({ state, launchFailed }: RunEntry) =>
      state === "failed" || state === "diverged" || state === "damaged" || launchFailed === true;
    const runs = this.runs.runs.filter((run) => run.group === name && run.dir.startsWith(runsDir) && isFailed(run));
    return [
      ...Object.values(failed).map(({ message }) => message),
      ...runs.map(({ id, reason, status, state }) => `${id}: ${reason ?? status?.message ?? state}`),
    ];
  }

  private async tell(record: StudyRecord, what: string, message: string, how: "done" | "failed"): Promise<void> {
    const { name, studyFile, startedAt } = record;
    if (!(await isFirstToTell(`${studyFile}\n${startedAt}\n${what}`))) return;
    const open = "Open Study";
    const show = how === "done" ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
    const chosen = await show(`Study ${name}: ${message}`, open);
    if (chosen === open) await executeCommand("maskdm.openStudy", vscode.Uri.file(studyFile));
  }
}
