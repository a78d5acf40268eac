/** Which experiment or study a command is about when it was started without one. */
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import { compareNames } from "../../core/run/runOrder.ts";
import { STUDY_FILE } from "../../core/study/names.ts";
import { EXPERIMENT_GLOB, findOwnFiles } from "./runFolders.ts";

export interface FileKind {
  /** what its names match */
  readonly name: RegExp;
  readonly glob: string;
  /** said where the workspace has none */
  readonly none: string;
  readonly question: string;
}

export const EXPERIMENT: FileKind = {
  name: /\.maskdm\.ya?ml$/i,
  glob: EXPERIMENT_GLOB,
  none: "There is no experiment (*.maskdm.yaml) in this workspace yet. Make one with MaskDM: New Experiment.",
  question: "Which experiment?",
};

export const STUDY: FileKind = {
  name: STUDY_FILE,
  glob: "**/*.maskstudy.{yaml,yml}",
  none: "There is no study (*.maskstudy.yaml) in this workspace yet. Make one with MaskDM: New Study.",
  question: "Which study?",
};

/** The one that is shown in the active tab, as text or in its editor. */
export function activeFile({ name }: FileKind): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom
      ? input.uri
      : vscode.window.activeTextEditor?.document.uri;
  return uri !== undefined && name.test(uri.path) ? uri : undefined;
}

/**
 * The one that a command was given; the one that is shown; the only one of the workspace; else one that the user picks. Undefined where nothing is
 * picked.
 */
export async function chooseFile(kind: FileKind, given: unknown): Promise<vscode.Uri | undefined> {
  if (given instanceof vscode.Uri) return given;
  const active = activeFile(kind);
  if (active !== undefined) return active;
  const files = await findOwnFiles(kind.glob);
  if (files.length === 0) {
    void vscode.window.showInformationMessage(kind.none);
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
  return (await vscode.window.showQuickPick(items, { placeHolder: kind.question }))?.uri;
}
