/** Reference pages on rules and keys, shown in the editor: `maskdm.explain CODE` or `maskdm.explain KEY`. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { Commands } from "../commands/commandTable.ts";
import { REFERENCE_SCHEME, showMarkdown } from "../documents/markdownDocuments.ts";

/** @returns its command */
export function registerReference(context: vscode.ExtensionContext) {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(REFERENCE_SCHEME, {
      provideTextDocumentContent: async (uri) => {
        const { referencePage } = await import("../../core/publish/referencePage.ts");
        return referencePage(topicOf(uri)) ?? "";
      },
    }),
  );
  return {
    "maskdm.explain": async (topic) => {
      const { referencePage } = await import("../../core/publish/referencePage.ts");
      if (typeof topic !== "string" || referencePage(topic) === null)
        throw new UserError("There is no rule or key of this name.");
      await showMarkdown(vscode.Uri.from({ scheme: REFERENCE_SCHEME, path: `/${topic}.md` }));
    },
  } satisfies Partial<Commands>;
}

const topicOf = ({ path }: vscode.Uri): string => path.slice(1).replace(/\.md$/, "");
