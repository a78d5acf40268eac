/** Completion of finetune.from: the pretraining runs that are there. */
import * as vscode from "vscode";
import { yamlText } from "../../core/experiment/yamlText.ts";
import { newestFirst } from "../../core/run/entry.ts";
import { isSamePath } from "../../node/pathKey.ts";
import type { RunService } from "../services.ts";
import type { ValueContext } from "./cursorContext.ts";

export function sourceCompletions(
  document: vscode.TextDocument,
  position: vscode.Position,
  { start, end, hasSpace }: ValueContext,
  runs: RunService | undefined,
): vscode.CompletionItem[] {
  const range = new vscode.Range(position.line, start, position.line, end);
  const file = document.uri.fsPath;
  const candidates = newestFirst(runs?.runs ?? [])
    .filter(({ stage, archived, status }) => stage === "pretrain" && !archived && status !== null)
    // Those of this experiment before the others.
    .sort((a, b) => Number(isSamePath(b.experimentFile, file)) - Number(isSamePath(a.experimentFile, file)));
  return candidates.map(({ id, label, state, status }, index) => {
    const description = status === null ? state : `${state}, step ${status.step} of ${status.totalSteps}`;
    const item = new vscode.CompletionItem({ label: id, description }, vscode.CompletionItemKind.Reference);
    if (label !== id) item.detail = label;
    item.insertText = (hasSpace ? "" : " ") + yamlText(id);
    item.filterText = `${item.insertText} ${label}`;
    item.range = range;
    item.sortText = String(index).padStart(4, "0");
    return item;
  });
}
