/** Which experiment a command is about when it was started without one. */
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import { compareNames } from "../../core/run/runOrder.ts";

const EXPERIMENT_FILES = "**/*.maskdm.{yaml,yml}";
const LISTED = 500;

const isExperimentFile = (uri: vscode.Uri): boolean => /\.maskdm\.ya?ml$/.test(uri.path);

/** The experiment that is shown in the active tab, as text or in a designer. */
export function activeExperiment(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom
      ? input.uri
      : vscode.window.activeTextEditor?.document.uri;
  return uri !== undefined && isExperimentFile(uri) ? uri : undefined;
}

/**
 * The one that a command was given; the one that is shown; the only one of the workspace; else one that the user picks. Undefined where nothing is
 * picked.
 */
export async function chooseExperiment(given: unknown): Promise<vscode.Uri | undefined> {
  if (given instanceof vscode.Uri) return given;
  const active = activeExperiment();
  if (active !== undefined) return active;
  const files = await vscode.workspace.findFiles(EXPERIMENT_FILES, "**/{node_modules,runs,.maskdm}/**", LISTED);
  if (files.length === 0) {
    void vscode.window.showInformationMessage(
      "There is no experiment (*.maskdm.yaml) in this workspace yet. Make one with MaskDM: New Experiment.",
    );
    return undefined;
  }
  if (files.length === 1) return files[0];
  const items = files
    .map((uri) => ({
      label: basename(uri.path),
      description: dirname(vscode.workspace.asRelativePath(uri)).replace(/^\.$/, ""),
      uri,
    }))
    .sort((a, b) => compareNames(a.label, b.label));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: "Which experiment?" });
  return picked?.uri;
}
