/** What is at work, in the status bar. */
import * as vscode from "vscode";
import { formatDuration } from "../../core/durationText.ts";
import { isAtWork, progressOf, type RunEntry } from "../../core/run/entry.ts";
import type { CommandId } from "../commands/commandTable.ts";
import { percentText, runDescription } from "./runText.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

export class RunStatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("maskdm.runs", vscode.StatusBarAlignment.Left, 1);
  private readonly subscription: vscode.Disposable;
  private shown = "";

  constructor(private readonly runs: WorkspaceRuns) {
    this.item.name = "MaskDM runs";
    this.item.command = "maskdm.showRunningRuns" satisfies CommandId;
    this.subscription = runs.onDidChange(() => this.show());
  }

  /** What the bar says now; empty: it is hidden. */
  get text(): string {
    return this.shown;
  }

  dispose(): void {
    this.subscription.dispose();
    this.item.dispose();
  }

  private show(): void {
    const live = this.runs.runs.filter(isAtWork);
    const queued = this.runs.runs.filter(({ state }) => state === "queued");
    this.shown = statusText(live, queued.length);
    this.item.text = this.shown;
    if (this.shown === "") {
      this.item.hide();
      return;
    }
    const tooltip = new vscode.MarkdownString();
    for (const entry of [...live, ...queued]) {
      tooltip
        .appendMarkdown("- **")
        .appendText(entry.label)
        .appendMarkdown("** ")
        .appendText(runDescription(entry))
        .appendMarkdown("\n");
    }
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: this.shown.replace(/\$\([^)]*\) /, "MaskDM: ") };
    this.item.show();
  }
}

function statusText(live: readonly RunEntry[], queued: number): string {
  const more = queued === 0 ? "" : ` · ${queued} queued`;
  const [first] = live;
  if (first === undefined) return queued === 0 ? "" : `$(clock) ${queued} queued`;
  if (live.length === 1) {
    const eta = first.status?.etaSeconds;
    const facts = [first.stage ?? first.label, percentText(first) ?? "", eta == null ? "" : formatDuration(eta)];
    return `$(sync~spin) ${facts.filter((fact) => fact !== "").join(" · ")}${more}`;
  }
  const mean = live.reduce((sum, entry) => sum + (progressOf(entry) ?? 0), 0) / live.length;
  return `$(sync~spin) ${live.length} runs · ${Math.floor(100 * mean)} %${more}`;
}
