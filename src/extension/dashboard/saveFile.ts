/** Writes what a chart is exported to, where the user says. */
import { homedir } from "node:os";
import * as vscode from "vscode";
import { Slice } from "./chartFeed.ts";

/** The folder of the last export in this window, which is where the next one is likely to go. */
let lastFolder: vscode.Uri | undefined;

/**
 * Asks for a file.
 * @param name proposed, without extension
 * @returns null: the user chose none
 */
export async function askForFile(name: string, kind: "png" | "svg" | "csv"): Promise<vscode.Uri | null> {
  const folder = lastFolder ?? vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const proposed = name.replace(/[^\p{L}\p{N}._ -]+/gu, "-").replace(/^[. ]+|[. ]+$/g, "");
  const uri = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, `${proposed || "chart"}.${kind}`),
    filters: { [kind.toUpperCase()]: [kind] },
    title: "Export",
  });
  if (uri === undefined) return null;
  lastFolder = vscode.Uri.joinPath(uri, "..");
  return uri;
}

/** @param pieces UTF-8 text in pieces; other work gets its turn between them */
export async function writeText(uri: vscode.Uri, pieces: Iterable<string>): Promise<void> {
  const slice = new Slice();
  const parts: Uint8Array[] = [];
  for (const piece of pieces) {
    parts.push(Buffer.from(piece));
    await slice.over();
  }
  await vscode.workspace.fs.writeFile(uri, Buffer.concat(parts));
}
