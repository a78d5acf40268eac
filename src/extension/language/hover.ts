/** Hover on a key or its value: what it is, and what it comes to in this file. */
import * as vscode from "vscode";
import type { KeyPath } from "../../core/experiment/document.ts";
import { experimentKeys, type KeyTable } from "../../core/experiment/keys.ts";
import { keyMarkdown, sectionMarkdown } from "../../core/publish/keyMarkdown.ts";
import { type CommandId, commandLink } from "../commands/commandTable.ts";
import { EXPERIMENTS } from "../documents/documentLanguages.ts";
import type { LintedDocument } from "../services.ts";
import { keyFacts } from "./keyFacts.ts";
import type { DocumentServices, LanguageServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

export const registerHover = ({ documents, calibration, log }: LanguageServices): vscode.Disposable =>
  registerKeyHover({ language: EXPERIMENTS, documents, log }, (read, position) =>
    keyHover(experimentKeys(), read, position, (path) => keyFacts(path, read, calibration)),
  );

/** @param hoverAt what is said at a place of the document as it is now */
export function registerKeyHover<D extends LintedDocument>(
  { language, documents }: DocumentServices<D>,
  hoverAt: (read: D, position: vscode.Position) => vscode.Hover | undefined,
): vscode.Disposable {
  return vscode.languages.registerHoverProvider(language.selector, {
    provideHover: async (document, position) => {
      const read = await documents.get(document);
      return read.version === document.version ? hoverAt(read, position) : undefined;
    },
  });
}

/** @param factsOf what a key comes to here, in short sentences */
export function keyHover(
  { keys, sections }: KeyTable,
  read: LintedDocument,
  position: vscode.Position,
  factsOf: (path: string) => readonly string[],
): vscode.Hover | undefined {
  for (const [path, key] of keys) {
    const range = rangeAt(read, path, position);
    if (range !== null) return hoverOf(path, [keyMarkdown(key), ...listed(factsOf(path))], range);
  }
  for (const [name, section] of sections) {
    const place = read.document.keyRange(name);
    if (place === null || !toRange(place).contains(position)) continue;
    return hoverOf(name, [sectionMarkdown(section)], toRange(place));
  }
  return undefined;
}

/** Nothing for no facts. */
export const listed = (facts: readonly string[]): string[] =>
  facts.length === 0 ? [] : [facts.map((fact) => `- ${fact}`).join("\n")];

/** The key's or the value's own range, whichever holds the position. */
export function rangeAt({ document }: LintedDocument, path: KeyPath, position: vscode.Position): vscode.Range | null {
  const places = [document.keyRange(path), document.valueRange(path), ...document.itemRanges(path)];
  for (const place of places) {
    const range = place && toRange(place);
    if (range?.contains(position)) return range;
  }
  return null;
}

/** @param topic key, section or name that it is about; a page of the reference tells of it where there is one */
export function hoverOf(
  topic: string,
  parts: readonly string[],
  range: vscode.Range,
  page: string | null = topic,
): vscode.Hover {
  const link = page === null ? [] : [`[Reference](${commandLink("maskdm.explain", page).toString()})`];
  const text = new vscode.MarkdownString([`**${topic}**`, ...parts, ...link].join("\n\n"));
  text.isTrusted = { enabledCommands: ["maskdm.explain" satisfies CommandId] };
  return new vscode.Hover(text, range);
}
