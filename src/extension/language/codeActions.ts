/** Quick fixes of single problems, and of all at once. */
import * as vscode from "vscode";
import { fixAll } from "../../core/lint/fixAll.ts";
import { DIAGNOSTIC_SOURCE } from "./diagnostics.ts";
import type { DocumentServices } from "./languageServices.ts";
import { toRange, toTextEdit } from "./ranges.ts";

/** `"editor.codeActionsOnSave": {"source.fixAll.maskdm": "explicit"}` makes all fixes on saving. */
const FIX_ALL = vscode.CodeActionKind.SourceFixAll.append("maskdm");

export function registerCodeActions({ language, documents }: DocumentServices): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider(
    language.selector,
    {
      provideCodeActions: async (document, _range, { diagnostics, only }) => {
        const read = await documents.get(document);
        if (read.version !== document.version) return [];
        const actions: vscode.CodeAction[] = [];
        for (const shown of diagnostics) {
          if (shown.source !== DIAGNOSTIC_SOURCE || only?.contains(vscode.CodeActionKind.QuickFix) === false) continue;
          const found = read.diagnostics.find(
            (candidate) => candidate.message === shown.message && toRange(candidate).isEqual(shown.range),
          );
          if (found?.fix === undefined) continue;
          const action = new vscode.CodeAction(found.fix.title, vscode.CodeActionKind.QuickFix);
          action.diagnostics = [shown];
          action.isPreferred = true;
          action.edit = new vscode.WorkspaceEdit();
          action.edit.set(document.uri, found.fix.edits.map(toTextEdit));
          actions.push(action);
        }
        const fixable = read.diagnostics.filter(({ fix, severity }) => fix !== undefined && severity !== "info");
        const wantsAll = only?.contains(FIX_ALL) === true;
        if (wantsAll || (fixable.length > 1 && actions.length > 0)) {
          const edit = fixAll(document.getText(), read.lint);
          if (edit !== null) {
            // On saving, the editor looks for the source action; in the light bulb's list it looks for quick fixes.
            const kind = wantsAll ? FIX_ALL : vscode.CodeActionKind.QuickFix;
            const action = new vscode.CodeAction("Fix all MaskDM problems", kind);
            action.edit = new vscode.WorkspaceEdit();
            action.edit.set(document.uri, [toTextEdit(edit)]);
            actions.push(action);
          }
        }
        return actions;
      },
    },
    { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix, FIX_ALL] },
  );
}
