/** Places in core's terms (from 1) and in the editor's (from 0). */
import * as vscode from "vscode";
import type { TextEdit, TextRange } from "../../core/experiment/diagnostic.ts";

export function toRange({ line, column, endLine, endColumn }: TextRange): vscode.Range {
  return new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
}

export function toTextEdit(edit: TextEdit): vscode.TextEdit {
  return vscode.TextEdit.replace(toRange(edit), edit.newText);
}
