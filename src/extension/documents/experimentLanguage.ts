/** Which documents are experiments. */
import type * as vscode from "vscode";

export const LANGUAGE_ID = "maskdm-yaml";

/** All experiment documents, saved or not. */
export const EXPERIMENT_SELECTOR: vscode.DocumentSelector = { language: LANGUAGE_ID };

export const isExperiment = (document: vscode.TextDocument): boolean => document.languageId === LANGUAGE_ID;
