/** All language features; loaded with the first experiment document. */
import * as vscode from "vscode";
import { registerCodeActions } from "./codeActions.ts";
import { registerCodeLenses } from "./codeLenses.ts";
import { registerCompletion } from "./completion.ts";
import { registerDiagnostics } from "./diagnostics.ts";
import { registerHover } from "./hover.ts";
import { registerInlayHints } from "./inlayHints.ts";
import type { LanguageServices } from "./languageServices.ts";
import { registerLanguageStatus } from "./languageStatus.ts";
import { registerLinks } from "./links.ts";
import { registerSymbols } from "./symbols.ts";

export function registerFeatures(services: LanguageServices): vscode.Disposable {
  const register = [
    registerDiagnostics,
    registerCodeActions,
    registerCompletion,
    registerHover,
    registerInlayHints,
    registerCodeLenses,
    registerSymbols,
    registerLinks,
    registerLanguageStatus,
  ];
  return vscode.Disposable.from(...register.map((feature) => feature(services)));
}
