/** The {} of the status bar: what a document comes to, or how many problems there are. */
import * as vscode from "vscode";
import { count, share } from "../../core/numbers.ts";
import { commandOf } from "../commands/commandTable.ts";
import type { LintedDocument, ReadDocument } from "../services.ts";
import { factsOf } from "./keyFacts.ts";
import type { DocumentServices } from "./languageServices.ts";

/** What is said of a document without problems, and what a click does. */
export interface DocumentSummary {
  readonly text: string;
  readonly command?: vscode.Command;
}

export function registerLanguageStatus<D extends LintedDocument>(
  { language, documents, log }: DocumentServices<D>,
  summary: (read: D, uri: vscode.Uri) => DocumentSummary,
): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem(`maskdm.${language.noun}`, language.selector);
  item.name = `MaskDM ${language.noun}`;
  const update = async (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || !language.has(document)) return;
    const read = await documents.get(document);
    if (document === vscode.window.activeTextEditor?.document) show(item, read, summary(read, document.uri));
  };
  const updateSafely = () => update().catch((error: unknown) => log.error("The language status failed", error));
  void updateSafely();
  return vscode.Disposable.from(
    item,
    documents.onDidChange((uri) => {
      if (uri.toString() === vscode.window.activeTextEditor?.document.uri.toString()) void updateSafely();
    }),
    vscode.window.onDidChangeActiveTextEditor(() => void updateSafely()),
  );
}

function show(
  item: vscode.LanguageStatusItem,
  { diagnostics }: LintedDocument,
  { text, command }: DocumentSummary,
): void {
  const problems = diagnostics.filter(({ severity }) => severity !== "info");
  const isBroken = problems.some(({ severity }) => severity === "error");
  const severities = vscode.LanguageStatusSeverity;
  if (problems.length > 0) {
    item.text = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    item.detail = text;
    item.severity = isBroken ? severities.Error : severities.Warning;
    item.command = { command: "workbench.actions.view.problems", title: "Show" };
  } else {
    item.text = text;
    item.detail = "No problems";
    item.severity = severities.Information;
    item.command = command;
  }
}

export function experimentSummary(read: ReadDocument, uri: vscode.Uri): DocumentSummary {
  const masks = factsOf(read, "pretrain")?.pieces.map((piece) => piece.geometry);
  const text =
    masks === undefined
      ? ""
      : `S = ${masks.map(({ visibleTokens }) => count(visibleTokens)).join(", ")} of N = ${count(masks[0]!.tokens)} tokens, effective rate ${masks.map(({ effectiveRate }) => share(effectiveRate)).join(", ")}`;
  return { text, command: commandOf("Open Designer", "maskdm.openDesigner", uri) };
}
