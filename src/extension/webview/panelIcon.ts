/** What the tab of a panel shows. */
import * as vscode from "vscode";

/** For `WebviewPanel.iconPath`: the product's own icon, for light and dark themes. */
export function panelIcon(extensionUri: vscode.Uri): { readonly light: vscode.Uri; readonly dark: vscode.Uri } {
  const file = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, "media", `file-${theme}.svg`);
  return { light: file("light"), dark: file("dark") };
}
