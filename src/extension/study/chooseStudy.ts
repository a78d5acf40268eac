/** Which study a command is about. */
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import { compareNames } from "../../core/run/runOrder.ts";
import { STUDY_FILE } from "../../core/study/names.ts";

const STUDY_FILES = "**/*.maskstudy.{yaml,yml}";
const LISTED = 500;

export const isStudyFile = (uri: vscode.Uri): boolean => STUDY_FILE.test(uri.path);

/** The study that is shown in the active tab, as text or in its editor. */
export function activeStudy(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom
      ? input.uri
      : vscode.window.activeTextEditor?.document.uri;
  return uri !== undefined && isStudyFile(uri) ? uri : undefined;
}

/**
 * The one that a command was given; the one that is shown; the only one of the workspace; else one that the user picks. Undefined where nothing is
 * picked.
 */
export async function chooseStudy(given: unknown): Promise<vscode.Uri | undefined> {
  if (given instanceof vscode.Uri && isStudyFile(given)) return given;
  const active = activeStudy();
  if (active !== undefined) return active;
  const files = await vscode.workspace.findFiles(STUDY_FILES, "**/{node_modules,runs,.maskdm}/**", LISTED);
  if (files.length === 0) {
    void vscode.window.showInformationMessage("There is no study (*.maskstudy.yaml) in this workspace yet.");
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
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which study?" }))?.uri;
}
