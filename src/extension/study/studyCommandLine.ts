/** The command lines that the editor's buttons stand for, and that carry them out. */
import { basename, dirname, join, relative } from "node:path";
import * as vscode from "vscode";
import type { StudyAction } from "../../core/protocol/study.ts";
import { runsFolderFor } from "../runs/runFolders.ts";

/** What of the command line also begins something that goes on: the editor does not wait for its end. */
const SUBCOMMANDS: Readonly<Record<StudyAction, readonly [name: string, ...inEditor: string[]]>> = {
  run: ["run", "--no-wait"],
  stop: ["stop"],
  retry: ["retry-failed", "--no-wait"],
  report: ["report"],
};

export interface StudyCommandLine {
  /** as a user types it */
  readonly args: readonly string[];
  /** what the editor adds */
  readonly more: readonly string[];
  /** folder that its relative paths start at */
  readonly cwd: string;
}

export function studyCommandLine(action: StudyAction, file: vscode.Uri): StudyCommandLine {
  const cwd = vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath ?? dirname(file.fsPath);
  const runsDir = runsFolderFor(file);
  const runs = runsDir === join(cwd, "runs") ? [] : ["--runs-dir", relative(cwd, runsDir) || "."];
  const path = relative(cwd, file.fsPath) || basename(file.fsPath);
  const [name, ...more] = SUBCOMMANDS[action];
  return { args: ["study", name, path, ...runs], more, cwd };
}
