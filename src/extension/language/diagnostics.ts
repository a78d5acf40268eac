/** Problems as you type: the rules of `maskdm lint`, in the editor. */
import * as vscode from "vscode";
import type { Diagnostic, Severity } from "../../core/experiment/diagnostic.ts";
import { commandLink } from "../commands/commandTable.ts";
import type { DocumentServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

/** Shown behind each message. */
export const DIAGNOSTIC_SOURCE = "MaskDM";

const SEVERITIES: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

export function registerDiagnostics({ language, documents, log }: DocumentServices): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection(language.id);
  const openDocument = (uri: vscode.Uri): vscode.TextDocument | undefined =>
    vscode.workspace.textDocuments.find(
      (document) => language.has(document) && document.uri.toString() === uri.toString(),
    );
  const update = async (uri: vscode.Uri): Promise<void> => {
    const document = openDocument(uri);
    if (document === undefined) {
      collection.delete(uri);
      return;
    }
    const { version, diagnostics } = await documents.get(document);
    // A newer version is on its way, or the document was closed meanwhile.
    if (version === document.version && openDocument(uri) === document)
      collection.set(uri, diagnostics.map(toDiagnostic));
  };
  const updateSafely = (uri: vscode.Uri) =>
    update(uri).catch((error: unknown) => log.error(`Checking ${uri.toString()} failed`, error));
  for (const document of vscode.workspace.textDocuments) if (language.has(document)) void updateSafely(document.uri);
  return vscode.Disposable.from(collection, documents.onDidChange(updateSafely));
}

function toDiagnostic(found: Diagnostic): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(toRange(found), found.message, SEVERITIES[found.severity]);
  diagnostic.source = DIAGNOSTIC_SOURCE;
  diagnostic.code = { value: found.code, target: commandLink("maskdm.explain", found.code) };
  return diagnostic;
}
