/** Which documents are experiments, and which are studies. */
import type * as vscode from "vscode";

export interface DocumentLanguage {
  /** of package.json */
  readonly id: string;
  /** "experiment", as messages name such a document */
  readonly noun: string;
  /** all documents of the language, saved or not */
  readonly selector: vscode.DocumentSelector;
  has(document: vscode.TextDocument): boolean;
}

const language = (id: string, noun: string): DocumentLanguage => ({
  id,
  noun,
  selector: { language: id },
  has: ({ languageId }) => languageId === id,
});

export const EXPERIMENTS = language("maskdm-yaml", "experiment");
export const STUDIES = language("maskdm-study-yaml", "study");
