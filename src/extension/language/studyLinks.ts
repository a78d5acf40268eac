/** base as a link that opens the experiment. */
import * as vscode from "vscode";
import { resolvePath } from "../../node/homePath.ts";
import type { ReadStudy } from "../services.ts";
import type { DocumentServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

export function registerStudyLinks({ language, documents }: DocumentServices<ReadStudy>): vscode.Disposable {
  return vscode.languages.registerDocumentLinkProvider(language.selector, {
    provideDocumentLinks: async (document) => {
      const { document: read, partial, refused, folder, base } = await documents.get(document);
      const range = read.valueRange("base");
      if (folder === null || range === null || partial === null || refused.has("base") || base === null) return [];
      const link = new vscode.DocumentLink(toRange(range), vscode.Uri.file(resolvePath(folder, partial.base)));
      link.tooltip = "Open the experiment";
      return [link];
    },
  });
}
