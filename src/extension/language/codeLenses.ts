/** Lenses above the stages (run, resume, how the last run stands) and above the mask (preview). */
import * as vscode from "vscode";
import type { Stage } from "../../core/random/streams.ts";
import { isAtWork, isResumable, progressOf } from "../../core/run/entry.ts";
import { isSamePath } from "../../node/pathKey.ts";
import { commandOf } from "../commands/commandTable.ts";
import { EXPERIMENTS } from "../documents/documentLanguages.ts";
import type { RunEntry, RunService } from "../services.ts";
import type { LanguageServices } from "./languageServices.ts";

export function registerCodeLenses({ runs }: LanguageServices): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  const provider = vscode.languages.registerCodeLensProvider(EXPERIMENTS.selector, {
    onDidChangeCodeLenses: changes.event,
    provideCodeLenses: (document) => (document.uri.scheme === "file" ? lenses(document, runs) : []),
  });
  return vscode.Disposable.from(
    provider,
    changes,
    // Asks for nothing to be written: the editor takes notice of new texts itself, but not of runs.
    runs?.onDidChange(() => changes.fire()) ?? new vscode.Disposable(() => undefined),
  );
}

function lenses(document: vscode.TextDocument, runs: RunService | undefined): vscode.CodeLens[] {
  const { uri } = document;
  const lines = document.getText().split(/\r?\n/);
  const at = (section: string, command: vscode.Command): vscode.CodeLens =>
    new vscode.CodeLens(document.lineAt(lineOf(section, lines)).range, command);
  const stage = (name: Stage, run: vscode.Command): vscode.CodeLens[] => {
    const last = lastRun(runs, uri.fsPath, name);
    const own = [at(name, run)];
    if (last !== null && isResumable(last))
      own.push(at(name, commandOf("$(debug-restart) Resume", "maskdm.resume", last.dir)));
    if (last !== null) own.push(at(name, commandOf(runTitle(last), "maskdm.openRun", last.dir)));
    return own;
  };
  return [
    at("mask", commandOf("$(eye) Preview masks", "maskdm.openDesigner", uri)),
    ...stage("pretrain", commandOf("$(play) Pretrain", "maskdm.pretrain", uri)),
    ...stage("finetune", commandOf("$(play) Finetune", "maskdm.finetune", uri)),
  ];
}

/**
 * The section's own line; where the file leaves it to its defaults, the mask's, or the first one. Found in the text, as a file
 * that does not parse for a moment must not lose the lenses: its lines would jump.
 */
function lineOf(section: string, lines: readonly string[]): number {
  for (const name of [section, "mask"]) {
    const line = lines.findIndex((text) => new RegExp(`^["']?${name}["']?\\s*:`).test(text));
    if (line !== -1) return line;
  }
  return 0;
}

function lastRun(runs: RunService | undefined, file: string, stage: Stage): RunEntry | null {
  const age = (run: RunEntry): string => run.record?.createdAt ?? "";
  let last: RunEntry | null = null;
  for (const run of runs?.runs ?? []) {
    if (!isSamePath(run.experimentFile, file) || run.stage !== stage || run.archived) continue;
    // A run that waits in the queue is newer than any that has begun.
    const isNewer = last === null || run.state === "queued" || (last.state !== "queued" && age(run) > age(last));
    if (isNewer) last = run;
  }
  return last;
}

function runTitle(run: RunEntry): string {
  const progress = isAtWork(run) ? progressOf(run) : null;
  const state = progress === null ? run.state : `${run.state} ${Math.floor(progress * 100)} %`;
  return `$(${ICONS[run.state]}) ${run.label}: ${state}`;
}

const ICONS: Readonly<Record<RunEntry["state"], string>> = {
  queued: "clock",
  starting: "loading~spin",
  running: "loading~spin",
  stopping: "loading~spin",
  finished: "pass",
  stopped: "debug-pause",
  interrupted: "debug-disconnect",
  failed: "error",
  diverged: "warning",
  damaged: "warning",
};
