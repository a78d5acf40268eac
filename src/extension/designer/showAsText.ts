/** Puts the text of an experiment in the place of its designer. */
import * as vscode from "vscode";
import { DESIGNER_VIEW_TYPE } from "./viewType.ts";

/** @param viewColumn of the designer; that of the active group where left out */
export async function showAsText(uri: vscode.Uri, viewColumn?: vscode.ViewColumn): Promise<void> {
  const column = viewColumn ?? vscode.window.tabGroups.activeTabGroup.viewColumn;
  await vscode.commands.executeCommand("vscode.openWith", uri, "default", column);
  // Looked for only now: tabs are other objects once one was added.
  const designer = vscode.window.tabGroups.all
    .find((group) => group.viewColumn === column)
    ?.tabs.find(
      ({ input }) =>
        input instanceof vscode.TabInputCustom &&
        input.viewType === DESIGNER_VIEW_TYPE &&
        input.uri.toString() === uri.toString(),
    );
  if (designer !== undefined) await vscode.window.tabGroups.close(designer);
}
