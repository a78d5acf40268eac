/** data.path as a link that shows the folder or archive. */
import * as vscode from "vscode";
import { resolvePath } from "../../node/homePath.ts";
import { EXPERIMENTS } from "../documents/documentLanguages.ts";
import type { LanguageServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

export function registerLinks({ documents }: LanguageServices): vscode.Disposable {
  return vscode.languages.registerDocumentLinkProvider(EXPERIMENTS.selector, {
    provideDocumentLinks: async (document) => {
      const { document: read, experiment, refused, folder, facts } = await documents.get(document);
      const range = read.valueRange("data.path");
      if (folder === null || range === null || experiment === null || refused.has("data.path")) return [];
      if (facts.dataset?.exists === false) return [];
      const images = vscode.Uri.file(resolvePath(folder, experiment.data.path));
      // The explorer shows what is in the workspace; the file manager the rest.
      const isInside = vscode.workspace.getWorkspaceFolder(images) !== undefined;
      const link = new vscode.DocumentLink(
        toRange(range),
        commandUri(isInside ? "revealInExplorer" : "revealFileInOS", images),
      );
      link.tooltip = "Show where the images are";
      return [link];
    },
  });
}

function commandUri(command: string, argument: vscode.Uri): vscode.Uri {
  return vscode.Uri.parse(`command:${command}?${encodeURIComponent(JSON.stringify([argument]))}`);
}
