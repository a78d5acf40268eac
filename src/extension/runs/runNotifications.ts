/** Tells when a run has ended, with the next step as a button. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import * as vscode from "vscode";
import { isAtWork, type RunEntry } from "../../core/run/entry.ts";
import { studyRecordFile } from "../../node/study/places.ts";
import { executeCommand, type RunCommand } from "../commands/commandTable.ts";
import { INSTALL_TORCH, isSettledByTorch } from "../trainer/torchRemedy.ts";
import { isFirstToTell } from "./firstToTell.ts";
import { lossText } from "./runText.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

interface Step {
  readonly title: string;
  readonly command: RunCommand | typeof INSTALL_TORCH.command;
}

export class RunNotifications implements vscode.Disposable {
  private readonly states = new Map<string, RunEntry["state"]>();
  private readonly failedLaunches = new Set<string>();
  private readonly subscription: vscode.Disposable;

  constructor(runs: WorkspaceRuns) {
    this.subscription = runs.onDidChange(({ changed, removed }) => {
      for (const entry of changed) this.see(entry);
      for (const dir of removed) this.forget(dir);
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private see(entry: RunEntry): void {
    const before = this.states.get(entry.dir);
    this.states.set(entry.dir, entry.state);
    if (entry.launchFailed !== true) this.failedLaunches.delete(entry.dir);
    else if (before !== undefined && !this.failedLaunches.has(entry.dir)) {
      this.failedLaunches.add(entry.dir);
      void this.tell(entry);
      return;
    }
    const wasAtWork = before !== undefined && isAtWork({ state: before });
    if (wasAtWork && ["finished", "failed", "diverged", "interrupted"].includes(entry.state)) void this.tell(entry);
  }

  private forget(dir: string): void {
    this.states.delete(dir);
    this.failedLaunches.delete(dir);
  }

  private async tell(entry: RunEntry): Promise<void> {
    if (isOfStudy(entry) || !(await isFirstToTell(endOf(entry)))) return;
    const steps = nextSteps(entry);
    const show = entry.state === "finished" ? vscode.window.showInformationMessage : vscode.window.showErrorMessage;
    const chosen = await show(endText(entry), ...steps.map(({ title }) => title));
    const step = steps.find(({ title }) => title === chosen);
    if (step === undefined) return;
    if (step.command === INSTALL_TORCH.command) await executeCommand(step.command);
    else await executeCommand(step.command, entry.dir);
  }
}

/** What is said at the end of a run. */
function endText(entry: RunEntry): string {
  const { label, state, status, reason } = entry;
  if (entry.launchFailed === true) return `${label} did not begin: ${reason ?? ""}`;
  if (state === "finished") {
    const loss = status?.loss == null ? "" : `, loss ${lossText(status.loss)}`;
    return `${label} has finished: ${status?.step ?? 0} steps${loss}.`;
  }
  if (state === "diverged") return `${label} has diverged: ${status?.message ?? ""}`;
  if (state === "interrupted") return `${label} was interrupted: its process is gone. Its checkpoints are intact.`;
  return `${label} has failed: ${status?.message ?? ""}`;
}

function nextSteps(entry: RunEntry): Step[] {
  const { state, stage, launchFailed } = entry;
  const install = isSettledByTorch(endText(entry)) ? [INSTALL_TORCH] : [];
  const log: Step = { title: "Open Log", command: "maskdm.showRunLog" };
  const dashboard: Step = { title: "Open Dashboard", command: "maskdm.openRun" };
  const resume: Step = { title: "Resume", command: "maskdm.resume" };
  if (launchFailed === true) return [...install, { ...resume, title: "Try Again" }, log];
  if (state === "diverged") return [dashboard, log];
  if (state !== "finished") return [...install, resume, log];
  const next: Step =
    stage === "pretrain"
      ? { title: "Finetune", command: "maskdm.finetune" }
      : { title: "Sample", command: "maskdm.sample" };
  return [next, dashboard];
}

/** What tells one end of a run from another. */
const endOf = ({ dir, record, state, reason }: RunEntry): string =>
  `${dir}\n${record?.sessions.length ?? 0}\n${record?.processStart ?? ""}\n${state}\n${reason ?? ""}`;

/** Of its runs a study tells itself: when the first cell fails, and when all is done. */
const isOfStudy = ({ dir, group }: RunEntry): boolean =>
  group !== null && existsSync(studyRecordFile(dirname(dir), group));
