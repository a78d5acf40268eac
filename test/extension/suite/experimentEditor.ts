/** Steps that several suites take with experiment documents. */
import { join } from "node:path";
import * as vscode from "vscode";
import type { ExtensionApi } from "../../../src/extension/extension.ts";

/** The active extension's own API. */
export async function api(): Promise<ExtensionApi> {
  const extension = vscode.extensions.getExtension<ExtensionApi>("maskdm-studio.maskdm-studio");
  if (extension === undefined) throw new Error("the extension is not there");
  return extension.activate();
}

export function workspacePath(...parts: string[]): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error("the workspace is not there");
  return join(folder.uri.fsPath, ...parts);
}

/** Writes an experiment beside the images of the workspace and opens it. */
export async function openExperiment(name: string, text: string): Promise<vscode.TextEditor> {
  const uri = vscode.Uri.file(workspacePath(name));
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
}

/** Asks again until the answer satisfies. @throws Error naming the last answer */
export async function eventually<T>(
  ask: () => T | PromiseLike<T>,
  isRight: (answer: T) => boolean,
  timeoutMs = 8000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Undoes the last change of a document in its text editor, which may get the focus a moment after it is shown. */
export async function undo(document: vscode.TextDocument, column?: vscode.ViewColumn): Promise<void> {
  const before = document.getText();
  await vscode.window.showTextDocument(document, column);
  await eventually(
    async () => {
      await vscode.commands.executeCommand("undo");
      return document.getText();
    },
    (text) => text !== before,
  );
}

/** Codes of the problems that the editor shows for a document, in its order. */
export function problemCodes(uri: vscode.Uri): string[] {
  return vscode.languages.getDiagnostics(uri).map(({ code }) => String(typeof code === "object" ? code.value : code));
}

/** Replaces a part of the text, which must be there once. */
export async function replaceText(editor: vscode.TextEditor, before: string, after: string): Promise<void> {
  const text = editor.document.getText();
  const at = text.indexOf(before);
  if (at === -1 || text.indexOf(before, at + 1) !== -1) throw new Error(`${before} is not there once`);
  const range = new vscode.Range(editor.document.positionAt(at), editor.document.positionAt(at + before.length));
  await editor.edit((edit) => edit.replace(range, after));
}

/** The position behind a piece of text. */
export function behind(document: vscode.TextDocument, text: string): vscode.Position {
  const at = document.getText().indexOf(text);
  if (at === -1) throw new Error(`${text} is not there`);
  return document.positionAt(at + text.length);
}

export const labelOf = ({ label }: vscode.CompletionItem): string => (typeof label === "string" ? label : label.label);

/** What the extension proposes at a position. */
export async function completions(
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.CompletionItem[]> {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    "vscode.executeCompletionItemProvider",
    document.uri,
    position,
  );
  // The editor itself proposes words of the document.
  return list.items.filter(({ kind }) => kind !== vscode.CompletionItemKind.Text);
}

export async function hoverText(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    "vscode.executeHoverProvider",
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (typeof content === "string" ? content : content.value))
    .join("\n");
}

/** "KEY: HINT" of every inlay hint. */
export async function hints(document: vscode.TextDocument): Promise<string[]> {
  const found = await vscode.commands.executeCommand<vscode.InlayHint[]>(
    "vscode.executeInlayHintProvider",
    document.uri,
    new vscode.Range(0, 0, document.lineCount, 0),
  );
  return found.map(({ position, label }) => {
    const key = document.lineAt(position.line).text.trim().split(":")[0];
    return `${key}: ${typeof label === "string" ? label : label.map(({ value }) => value).join("")}`;
  });
}
