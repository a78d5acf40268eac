/** Lenses at the top of a study: how much there is to do. */
import * as vscode from "vscode";
import type { ReadStudy } from "../services.ts";
import type { DocumentServices } from "./languageServices.ts";
import { cellsText } from "./studyFacts.ts";

export function registerStudyLenses({ language, documents }: DocumentServices<ReadStudy>): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    changes,
    documents.onDidChange(() => changes.fire()),
    vscode.languages.registerCodeLensProvider(language.selector, {
      onDidChangeCodeLenses: changes.event,
      provideCodeLenses: async (document) => {
        const cells = cellsText(await documents.get(document));
        const top = new vscode.Range(0, 0, 0, 0);
        return cells === null ? [] : [new vscode.CodeLens(top, { title: cells, command: "" })];
      },
    }),
  );
}
