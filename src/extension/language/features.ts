/** All language features; loaded with the first experiment document. */
import * as vscode from "vscode";
import { registerCodeActions } from "./codeActions.ts";
import { registerDiagnostics } from "./diagnostics.ts";
import type { LanguageServices } from "./languageServices.ts";

export function registerFeatures(services: LanguageServices): vscode.Disposable {
  return vscode.Disposable.from(registerDiagnostics(services), registerCodeActions(services));
}
