/** Completion of data.path: folders and archives on the disk, as far as they are typed. */
import { posix } from "node:path";
import * as vscode from "vscode";
import { isArchiveName } from "../../core/images/archiveNames.ts";
import { expandHome } from "../../node/homePath.ts";
import type { ValueContext } from "./cursorContext.ts";

/** More than a list that anyone reads. */
const MAX_PLACES = 200;

/** @param home folder at which relative paths start; null: that of the document */
export async function placeCompletions(
  document: vscode.TextDocument,
  position: vscode.Position,
  { start, end, hasSpace }: ValueContext,
  home: string | null,
): Promise<vscode.CompletionItem[]> {
  if (document.uri.scheme === "untitled" || !vscode.workspace.isTrusted) return [];
  const typed = document.getText(new vscode.Range(position.line, start, position.line, position.character));
  const text = typed.trimStart().replace(/^["']/, "");
  // Up to the last slash it is settled; what follows is being typed.
  const settled = text.slice(0, text.lastIndexOf("/") + 1);
  const here = home === null ? document.uri.with({ path: posix.dirname(document.uri.path) }) : vscode.Uri.file(home);
  const folder = folderAt(here, settled);
  const places = await placesIn(folder);
  const from =
    start + (typed.length - typed.trimStart().length) + (text === typed.trimStart() ? 0 : 1) + settled.length;
  const range = new vscode.Range(position.line, from, position.line, Math.max(end, position.character));
  const lead = (hasSpace ? "" : " ") + (settled === "" ? "./" : "");
  return places.slice(0, MAX_PLACES).map(({ name, kind }) => {
    const item = new vscode.CompletionItem(name, kind);
    item.insertText = lead + name;
    item.filterText = lead.trimStart() !== "" && text.startsWith(".") ? `./${name}` : name;
    item.range = range;
    return item;
  });
}

/** @param settled a path as it is typed, up to its last slash */
function folderAt(here: vscode.Uri, settled: string): vscode.Uri {
  if (settled.startsWith("~/") && here.scheme === "file") return vscode.Uri.file(expandHome(settled));
  return settled.startsWith("/") ? here.with({ path: settled }) : vscode.Uri.joinPath(here, settled);
}

async function placesIn(folder: vscode.Uri): Promise<{ name: string; kind: vscode.CompletionItemKind }[]> {
  try {
    const entries = await vscode.workspace.fs.readDirectory(folder);
    return entries
      .filter(([name]) => !name.startsWith("."))
      .flatMap(([name, type]) => {
        if ((type & vscode.FileType.Directory) !== 0) return [{ name, kind: vscode.CompletionItemKind.Folder }];
        return isArchiveName(name) ? [{ name, kind: vscode.CompletionItemKind.File }] : [];
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
