/** All language features; loaded with the first experiment or study. */
import * as vscode from "vscode";
import { EXPERIMENTS, STUDIES } from "../documents/documentLanguages.ts";
import { registerCodeActions } from "./codeActions.ts";
import { registerCodeLenses } from "./codeLenses.ts";
import { registerCompletion } from "./completion.ts";
import { registerDiagnostics } from "./diagnostics.ts";
import { registerHover } from "./hover.ts";
import { registerInlayHints } from "./inlayHints.ts";
import type { LanguageServices } from "./languageServices.ts";
import { experimentSummary, registerLanguageStatus } from "./languageStatus.ts";
import { registerLinks } from "./links.ts";
import { registerStudyCompletion } from "./studyCompletion.ts";
import { studySummary } from "./studyFacts.ts";
import { registerStudyHints } from "./studyHints.ts";
import { registerStudyHover } from "./studyHover.ts";
import { registerStudyLenses } from "./studyLenses.ts";
import { registerStudyLinks } from "./studyLinks.ts";
import { registerSymbols } from "./symbols.ts";

export function registerFeatures(services: LanguageServices): vscode.Disposable {
  const { log } = services;
  const experiments = { language: EXPERIMENTS, documents: services.documents, log };
  const studies = { language: STUDIES, documents: services.studies, log };
  return vscode.Disposable.from(
    ...[experiments, studies].flatMap((ours) => [
      registerDiagnostics(ours),
      registerCodeActions(ours),
      registerSymbols(ours),
    ]),
    registerLanguageStatus(experiments, experimentSummary),
    registerLanguageStatus(studies, studySummary),
    ...[registerCompletion, registerHover, registerInlayHints, registerCodeLenses, registerLinks].map((feature) =>
      feature(services),
    ),
    ...[registerStudyCompletion, registerStudyHover, registerStudyHints, registerStudyLenses, registerStudyLinks].map(
      (feature) => feature(studies),
    ),
  );
}
