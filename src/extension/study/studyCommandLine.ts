/** The command lines that the editor's buttons stand for, and that carry them out. */
import { basename, dirname, join, relative } from "node:path";
import * as vscode from "vscode";
import type { StudyAction } from "../../core/protocol/study.ts";
import { runsFolderFor } from "../runs/runFolders.ts";

const SUBCOMMANDS: Readonly<Record<StudyAction, string>> = {
  run: "run",
  stop: "stop",
  retry: "retry-failed",
  report: "report",
};

export interface StudyCommandLine {
  readonly args: readonly string[];
  /** folder that its relative paths start at */
  readonly cwd: string;
}

export function studyCommandLine(action: StudyAction, file: vscode.Uri): StudyCommandLine {
  const cwd = vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath ?? dirname(file.fsPath);
  const runsDir = runsFolderFor(file);
  const runs = runsDir === join(cwd, "runs") ? [] : ["--runs-dir", relative(cwd, runsDir) || "."];
  const path = relative(cwd, file.fsPath) || basename(file.fsPath);
  return { args: ["study", SUBCOMMANDS[action], path, ...runs], cwd };
}
