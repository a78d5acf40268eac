/** Which folders hold runs: where new ones go, and where existing ones are looked for. */
import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as vscode from "vscode";
import { SETTINGS, setting } from "../settings.ts";

const MOST_FILES = 500;
export const EXPERIMENT_GLOB = "**/*.maskdm.{yaml,yml}";
const FROZEN = "experiment.maskdm.yaml";

/** The setting maskdm.runsFolder for a file or folder. */
function runsFolderSetting(scope: vscode.Uri): string {
  return setting("runsFolder", scope).trim() || SETTINGS.runsFolder;
}

/** Folder that runs of an experiment go to: that of the setting in its workspace folder, else one beside the file. */
export function runsFolderFor(file: vscode.Uri): string {
  const root = vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath ?? dirname(file.fsPath);
  return resolve(root, runsFolderSetting(file));
}

/** Experiment files of the workspace, without those frozen in run folders. */
export async function findExperiments(): Promise<vscode.Uri[]> {
  const found = await findOwnFiles(EXPERIMENT_GLOB);
  return found.filter(({ scheme }) => scheme === "file").sort((a, b) => (a.fsPath < b.fsPath ? -1 : 1));
}

/** Files of the workspace that somebody wrote: without the copies in run folders. */
export async function findOwnFiles(glob: string): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(glob, excluded(), MOST_FILES);
  return found.filter(({ fsPath }) => !isFrozen(fsPath));
}

/** Thousands of frozen files must not use up the number of files that is looked at. */
function excluded(): string {
  const names = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => basename(runsFolderSetting(uri)));
  const frozen = [...new Set(["runs", ...names])].map((name) => `**/${name}/*/${FROZEN}`);
  return `{**/node_modules/**,**/.git/**,**/.venv/**,**/.maskdm/**,${frozen.join(",")}}`;
}

/** Whether a file is the copy in a run's folder. */
export function isFrozen(path: string): boolean {
  if (basename(path) !== FROZEN) return false;
  try {
    return readdirSync(dirname(path)).includes("run.json");
  } catch {
    return true; // gone with its run
  }
}

/** Every folder in which runs are looked for: those new runs go to, and "runs" beside each experiment file. */
export function runsFolders(experiments: readonly vscode.Uri[]): string[] {
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === "file")
    .map(({ uri }) => resolve(uri.fsPath, runsFolderSetting(uri)));
  const beside = experiments.flatMap((file) => [runsFolderFor(file), join(dirname(file.fsPath), "runs")]);
  return [...new Set([...folders, ...beside])];
}
