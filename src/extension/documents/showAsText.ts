/** Puts the text of a document in the place of its picture. */
import * as vscode from "vscode";

/**
 * @param viewType of the custom editor
 * @param viewColumn where it is; that of the active group where left out
 */
export async function showAsText(uri: vscode.Uri, viewType: string, viewColumn?: vscode.ViewColumn): Promise<void> {
  const column = viewColumn ?? vscode.window.tabGroups.activeTabGroup.viewColumn;
  await vscode.commands.executeCommand("vscode.openWith", uri, "default", column);
  // Looked for only now: tabs are other objects once one was added.
  const picture = vscode.window.tabGroups.all
    .find((group) => group.viewColumn === column)
    ?.tabs.find(
      ({ input }) =>
        input instanceof vscode.TabInputCustom &&
        input.viewType === viewType &&
        input.uri.toString() === uri.toString(),
    );
  if (picture !== undefined) await vscode.window.tabGroups.close(picture);
}
