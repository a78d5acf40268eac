/** Language features of experiment and study files. On activation only what links and commands need; the rest with the first document. */
import * as vscode from "vscode";
import { EXPERIMENTS, STUDIES } from "../documents/documentLanguages.ts";
import type { LanguageServices } from "./languageServices.ts";
import { registerReference } from "./reference.ts";

const isOurs = (document: vscode.TextDocument): boolean => EXPERIMENTS.has(document) || STUDIES.has(document);

/** @returns the commands of its links */
export function registerLanguage(context: vscode.ExtensionContext, services: LanguageServices) {
  let isStarted = false;
  const start = async (): Promise<void> => {
    isStarted = true;
    try {
      const { registerFeatures } = await import("./features.ts");
      context.subscriptions.push(registerFeatures(services));
    } catch (error) {
      services.log.error("The language features could not be started", error);
    }
  };
  const opened = vscode.workspace.onDidOpenTextDocument((document) => {
    if (!isStarted && isOurs(document)) void start();
  });
  context.subscriptions.push(opened);
  if (vscode.workspace.textDocuments.some(isOurs)) void start();
  return registerReference(context);
}
