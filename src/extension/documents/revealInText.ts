import * as vscode from "vscode";

/**
 * Shows a place of a document in the text editor that shows it, else in one beside what is open.
 * @param place line and column, from 1
 */
export async function revealInText(
  document: vscode.TextDocument,
  { line, column }: { readonly line: number; readonly column: number },
): Promise<void> {
  const open = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: open?.viewColumn ?? vscode.ViewColumn.Beside,
    preserveFocus: false,
  });
  const position = new vscode.Position(line - 1, column - 1);
  editor.selection = new vscode.Selection(position, position);
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
