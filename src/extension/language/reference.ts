/** Reference pages on rules and keys, shown in the editor: `maskdm.explain CODE` or `maskdm.explain KEY`. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { REFERENCE_SCHEME, showMarkdown } from "../documents/markdownDocuments.ts";

export const EXPLAIN_COMMAND = "maskdm.explain";

/** A link that opens the page of a rule (MDM301) or of a key (mask.rate). */
export function explainUri(topic: string): vscode.Uri {
  return vscode.Uri.parse(`command:${EXPLAIN_COMMAND}?${encodeURIComponent(JSON.stringify([topic]))}`);
}

export function registerReference(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(REFERENCE_SCHEME, {
      provideTextDocumentContent: async (uri) => {
        const { referencePage } = await import("./referencePage.ts");
        return referencePage(topicOf(uri)) ?? "";
      },
    }),
    vscode.commands.registerCommand(EXPLAIN_COMMAND, async (topic: unknown) => {
      const { referencePage } = await import("./referencePage.ts");
      if (typeof topic !== "string" || referencePage(topic) === null)
        throw new UserError("There is no rule or key of this name.");
      await showMarkdown(vscode.Uri.from({ scheme: REFERENCE_SCHEME, path: `/${topic}.md` }));
    }),
  );
}

const topicOf = ({ path }: vscode.Uri): string => path.slice(1).replace(/\.md$/, "");
