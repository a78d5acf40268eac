/** Lenses at the top of a study: to run it, to see how it stands, and how much there is to do. */
import * as vscode from "vscode";
import { commandOf } from "../commands/commandTable.ts";
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
        const { uri } = document;
        if (uri.scheme !== "file") return [];
        const cells = cellsText(await documents.get(document));
        const show = (title: string) => commandOf(title, "maskdm.openStudy", uri);
        return [
          commandOf("$(play) Run study", "maskdm.runStudy", uri),
          show("$(table) Show study"),
          ...(cells === null ? [] : [show(cells)]),
        ].map((command) => new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), command));
      },
    }),
  );
}
