/** Hover on a key or its value: what it is, and what it comes to in this file. */
import * as vscode from "vscode";
import { experimentKeys } from "../../core/experiment/keys.ts";
import { type CommandId, commandLink } from "../commands/commandTable.ts";
import { EXPERIMENT_SELECTOR } from "../documents/experimentLanguage.ts";
import type { ReadDocument } from "../services.ts";
import { keyFacts } from "./keyFacts.ts";
import { keyMarkdown, sectionMarkdown } from "./keyMarkdown.ts";
import type { LanguageServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

export function registerHover({ documents, calibration }: LanguageServices): vscode.Disposable {
  return vscode.languages.registerHoverProvider(EXPERIMENT_SELECTOR, {
    provideHover: async (document, position) => {
      const read = await documents.get(document);
      if (read.version !== document.version) return undefined;
      const { sections, keys } = experimentKeys();
      for (const [path, key] of keys) {
        const range = rangeAt(read, path, position);
        if (range === null) continue;
        const facts = keyFacts(path, read, calibration);
        const here = facts.length === 0 ? [] : [facts.map((fact) => `- ${fact}`).join("\n")];
        return new vscode.Hover(markdown(path, [`**${path}**`, keyMarkdown(key), ...here]), range);
      }
      for (const [name, section] of sections) {
        const place = read.document.keyRange(name);
        if (place === null || !toRange(place).contains(position)) continue;
        return new vscode.Hover(markdown(name, [`**${name}**`, sectionMarkdown(section)]), toRange(place));
      }
      return undefined;
    },
  });
}

/** The key's or the value's own range, whichever holds the position. */
function rangeAt({ document }: ReadDocument, path: string, position: vscode.Position): vscode.Range | null {
  const places = [document.keyRange(path), document.valueRange(path), ...document.itemRanges(path)];
  for (const place of places) {
    const range = place && toRange(place);
    if (range?.contains(position)) return range;
  }
  return null;
}

function markdown(topic: string, parts: readonly string[]): vscode.MarkdownString {
  const link = `[Reference](${commandLink("maskdm.explain", topic).toString()})`;
  const text = new vscode.MarkdownString([...parts, link].join("\n\n"));
  text.isTrusted = { enabledCommands: ["maskdm.explain" satisfies CommandId] };
  return text;
}
