/** Edits of a document that its picture asks for, as the editor's own, so that undo, save and diff are the text's. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { KeyChange } from "../../core/experiment/changeKeys.ts";
import type { Diagnostic, TextEdit } from "../../core/experiment/diagnostic.ts";

/** A text that is typed into meanwhile changes under an edit; it is then worked out anew. */
const ATTEMPTS = 3;

/** Writes keys in place. @throws UserError where the text does not allow it */
export async function editKeysOf(document: vscode.TextDocument, changes: readonly KeyChange[]): Promise<void> {
  const { changeKeys } = await import("../../core/experiment/changeKeys.ts");
  await editText(document, (text) => changeKeys(text, changes));
}

/** Makes the document's text what `changed` makes of it, by one replacement. @throws what `changed` throws */
export async function editText(document: vscode.TextDocument, changed: (text: string) => string): Promise<void> {
  const { singleReplacement } = await import("../../core/experiment/changeKeys.ts");
  for (let attempt = 1; ; attempt++) {
    const { version } = document;
    const before = document.getText();
    const { start, end, text } = singleReplacement(before, changed(before));
    if (start === end && text === "") return;
    const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
    try {
      await apply(document, [vscode.TextEdit.replace(range, text)]);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || document.version === version) throw error;
    }
  }
}

/**
 * Makes the change that lint offers for a finding.
 * @param version of the text that it was found in
 * @throws UserError where there is no such finding any more
 */
export async function fixFinding(
  document: vscode.TextDocument,
  { diagnostics }: { readonly diagnostics: readonly Diagnostic[] },
  { version, code, line, column }: Pick<Diagnostic, "code" | "line" | "column"> & { readonly version: number },
): Promise<void> {
  if (version !== document.version) throw new UserError("The file has changed meanwhile.");
  const found = diagnostics.find(
    (other) => other.code === code && other.line === line && other.column === column && other.fix !== undefined,
  );
  if (found?.fix === undefined) throw new UserError("There is nothing to fix there any more.");
  await applyFix(document, found.fix.edits);
}

/** Makes edits that lint offers. */
function applyFix(document: vscode.TextDocument, edits: readonly TextEdit[]): Promise<void> {
  return apply(
    document,
    edits.map(({ line, column, endLine, endColumn, newText }) =>
      vscode.TextEdit.replace(new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1), newText),
    ),
  );
}

async function apply(document: vscode.TextDocument, edits: vscode.TextEdit[]): Promise<void> {
  const change = new vscode.WorkspaceEdit();
  change.set(document.uri, edits);
  if (!(await vscode.workspace.applyEdit(change))) {
    throw new UserError("The file could not be changed. Is it read-only?");
  }
}
