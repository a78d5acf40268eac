/** What a command is meant for: a tree item, a run's folder, an experiment file, or what the user chooses. */
import * as vscode from "vscode";
import { newestFirst, type RunEntry } from "../../core/run/entry.ts";
import { executeCommand } from "../commands/commandTable.ts";
import { activeFile, EXPERIMENT } from "./chooseFile.ts";
import { runDescription, stateIcon } from "./runText.ts";
import { experimentLabel, type TreeNode } from "./runTree.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

export const isNode = (value: unknown): value is TreeNode =>
  typeof value === "object" && value !== null && ["run", "group", "experiment"].includes((value as TreeNode).kind);

export const isExperimentFile = (path: string): boolean => EXPERIMENT.name.test(path);

/**
 * Folders of the runs that a command was given: tree items (all that are selected), folders, or an array of folders.
 * @returns null: none were given
 */
export function runDirsOf(args: readonly unknown[]): string[] | null {
  const [first, selection] = args;
  if (Array.isArray(selection) && selection.length > 0 && selection.every(isNode)) {
    return selection.flatMap((node) => (node.kind === "run" ? [node.entry.dir] : []));
  }
  if (isNode(first)) return first.kind === "run" ? [first.entry.dir] : null;
  if (typeof first === "string") return isExperimentFile(first) ? null : [first];
  if (first instanceof vscode.Uri) return isExperimentFile(first.fsPath) ? null : [first.fsPath];
  if (Array.isArray(first) && first.length > 0 && first.every((dir) => typeof dir === "string")) return first;
  return null;
}

/** The runs a command was given, as far as they are known. */
export async function givenRuns(args: readonly unknown[], runs: WorkspaceRuns): Promise<RunEntry[] | null> {
  await runs.ready;
  const dirs = runDirsOf(args);
  return dirs === null ? null : dirs.flatMap((dir) => runs.get(dir) ?? []);
}

/**
 * One run: the one given, or the user's choice.
 * @param fits which runs can be chosen
 * @returns null: none chosen, or there is none (which was said)
 */
export async function oneRun(
  args: readonly unknown[],
  runs: WorkspaceRuns,
  question: { readonly title: string; readonly none: string; readonly fits: (entry: RunEntry) => boolean },
): Promise<RunEntry | null> {
  const given = await givenRuns(args, runs);
  if (given?.[0] !== undefined) return given[0];
  const candidates = runs.runs.filter((entry) => !entry.archived && question.fits(entry));
  if (candidates.length === 0) {
    void vscode.window.showInformationMessage(question.none);
    return null;
  }
  return candidates.length === 1 ? candidates[0]! : pickRun(candidates, question.title);
}

/** @returns null where the user chose none */
export async function pickRun(candidates: readonly RunEntry[], title: string): Promise<RunEntry | null> {
  const items = newestFirst(candidates).map((entry) => ({
    entry,
    label: `$(${stateIcon(entry.state).id.replace("~spin", "")}) ${entry.label}`,
    description: runDescription(entry),
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  return chosen?.entry ?? null;
}

/**
 * The experiment file a command is meant for: the one given, that of a run, the active one, the only one, or the user's choice.
 * @returns null: none chosen, or there is none (which was said)
 */
export async function oneExperiment(
  args: readonly unknown[],
  runs: WorkspaceRuns,
  title: string,
): Promise<vscode.Uri | null> {
  const [first] = args;
  if (first instanceof vscode.Uri && isExperimentFile(first.fsPath)) return first;
  if (typeof first === "string" && isExperimentFile(first)) return vscode.Uri.file(first);
  if (isNode(first) && first.kind === "experiment" && first.file !== null) return vscode.Uri.file(first.file);
  await runs.ready;
  const [run] = (await givenRuns(args, runs)) ?? [];
  if (run?.experimentFile != null) return vscode.Uri.file(run.experimentFile);
  const active = activeFile(EXPERIMENT);
  if (active?.scheme === "file") return active;
  const files = runs.experiments;
  if (files.length <= 1) {
    if (files[0] !== undefined) return files[0];
    const create = "New Experiment…";
    const said = "There is no experiment file (*.maskdm.yaml) in this workspace.";
    const chosen = await vscode.window.showInformationMessage(said, create);
    if (chosen === create) await executeCommand("maskdm.newExperiment");
    return null;
  }
  const items = files.map((file) => ({
    file,
    label: experimentLabel(file.fsPath) ?? file.fsPath,
    description: vscode.workspace.asRelativePath(file),
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.file ?? null;
}
