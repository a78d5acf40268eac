/** Problems as you type: the rules of `maskdm lint`, in the editor. */
import * as vscode from "vscode";
import type { Diagnostic, Severity } from "../../core/experiment/diagnostic.ts";
import { commandLink } from "../commands/commandTable.ts";
import { isExperiment } from "../documents/experimentLanguage.ts";
import type { LanguageServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

/** Shown behind each message. */
export const DIAGNOSTIC_SOURCE = "MaskDM";

const SEVERITIES: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

export function registerDiagnostics({ documents, log }: LanguageServices): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection("maskdm");
  const update = async (uri: vscode.Uri): Promise<void> => {
    const document = openExperiment(uri);
    if (document === undefined) {
      collection.delete(uri);
      return;
    }
    const { version, diagnostics } = await documents.get(document);
    // A newer version is on its way, or the document was closed meanwhile.
    if (version === document.version && openExperiment(uri) === document)
      collection.set(uri, diagnostics.map(toDiagnostic));
  };
  const updateSafely = (uri: vscode.Uri) =>
    update(uri).catch((error: unknown) => log.error(`Checking ${uri.toString()} failed`, error));
  for (const document of vscode.workspace.textDocuments) if (isExperiment(document)) void updateSafely(document.uri);
  return vscode.Disposable.from(collection, documents.onDidChange(updateSafely));
}

function openExperiment(uri: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(
    (document) => isExperiment(document) && document.uri.toString() === uri.toString(),
  );
}

function toDiagnostic(found: Diagnostic): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(toRange(found), found.message, SEVERITIES[found.severity]);
  diagnostic.source = DIAGNOSTIC_SOURCE;
  diagnostic.code = { value: found.code, target: commandLink("maskdm.explain", found.code) };
  return diagnostic;
}
