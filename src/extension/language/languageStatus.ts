/** The {} of the status bar: what the mask comes to, or how many problems there are. */
import * as vscode from "vscode";
import { count, share } from "../../core/numbers.ts";
import { commandOf } from "../commands/commandTable.ts";
import { EXPERIMENT_SELECTOR, isExperiment } from "../documents/experimentLanguage.ts";
import type { ReadDocument } from "../services.ts";
import { factsOf } from "./keyFacts.ts";
import type { LanguageServices } from "./languageServices.ts";

export function registerLanguageStatus({ documents, log }: LanguageServices): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem("maskdm.experiment", EXPERIMENT_SELECTOR);
  item.name = "MaskDM experiment";
  const update = async (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || !isExperiment(document)) return;
    const read = await documents.get(document);
    if (document === vscode.window.activeTextEditor?.document) show(item, read, document.uri);
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

function show(item: vscode.LanguageStatusItem, read: ReadDocument, uri: vscode.Uri): void {
  const { text, detail, severity, command } = describe(read, uri);
  item.text = text;
  item.detail = detail;
  item.severity = severity;
  item.command = command;
}

interface Shown {
  readonly text: string;
  readonly detail: string;
  readonly severity: vscode.LanguageStatusSeverity;
  readonly command: vscode.Command;
}

function describe(read: ReadDocument, uri: vscode.Uri): Shown {
  const problems = read.diagnostics.filter(({ severity }) => severity !== "info");
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const masks = factsOf(read, "pretrain")?.pieces.map((piece) => piece.geometry);
  const geometry =
    masks === undefined
      ? ""
      : `S = ${masks.map(({ visibleTokens }) => count(visibleTokens)).join(", ")} of N = ${count(masks[0]!.tokens)} tokens, effective rate ${masks.map(({ effectiveRate }) => share(effectiveRate)).join(", ")}`;
  if (problems.length > 0) {
    return {
      text: problems.length === 1 ? "1 problem" : `${problems.length} problems`,
      detail: geometry,
      severity: errors > 0 ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Warning,
      command: { command: "workbench.actions.view.problems", title: "Show" },
    };
  }
  return {
    text: geometry,
    detail: "No problems",
    severity: vscode.LanguageStatusSeverity.Information,
    command: commandOf("Open Designer", "maskdm.openDesigner", uri),
  };
}
