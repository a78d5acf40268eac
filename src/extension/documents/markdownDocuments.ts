/** Generated Markdown that is read in the editor's preview. */
import * as vscode from "vscode";

/** Pages on rules and keys. */
export const REFERENCE_SCHEME = "maskdm-reference";
/** Reports on the machine. */
export const REPORT_SCHEME = "maskdm-report";

/** Shows a Markdown document rendered, or as text where the editor has no Markdown preview. */
export async function showMarkdown(uri: vscode.Uri): Promise<void> {
  try {
    // Not asked whether it is there beforehand: its extension is loaded when it is called.
    await vscode.commands.executeCommand(PREVIEW, uri);
  } catch {
    await vscode.window.showTextDocument(uri, { preview: true });
  }
}

const PREVIEW = "markdown.showPreview";
