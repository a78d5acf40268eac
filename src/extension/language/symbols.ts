/** Sections and keys, for the outline, the breadcrumbs and Go to Symbol. */

import * as vscode from "vscode";
import { isMap, isNode, type Node, type Pair, type YAMLMap } from "yaml";
import { type ExperimentDocument, extent, keyText } from "../../core/experiment/document.ts";
import type { DocumentServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";

export function registerSymbols({ language, documents }: DocumentServices): vscode.Disposable {
  return vscode.languages.registerDocumentSymbolProvider(language.selector, {
    provideDocumentSymbols: async (document) => {
      const { document: read } = await documents.get(document);
      return isMap(read.root) ? symbolsOf(read.root, read, 0) : [];
    },
  });
}

/** The file has two levels. */
const LEVELS = 2;

function symbolsOf(map: YAMLMap, document: ExperimentDocument, level: number): vscode.DocumentSymbol[] {
  return map.items.flatMap((pair: Pair) => {
    const name = keyText(pair.key);
    if (!isNode(pair.key) || name === null || name === "") return [];
    const value = isNode(pair.value) ? pair.value : null;
    const isSection = isMap(value);
    const symbol = new vscode.DocumentSymbol(
      name,
      isSection || value === null ? "" : document.text.slice(...extent(value)).slice(0, 80),
      isSection ? vscode.SymbolKind.Module : vscode.SymbolKind.Property,
      toRange(document.lines.range(extent(pair.key)[0], endOf(pair.key, value))),
      toRange(document.nodeRange(pair.key)),
    );
    if (isSection && level + 1 < LEVELS) symbol.children = symbolsOf(value, document, level + 1);
    return [symbol];
  });
}

/** A block's own end lies behind the blank lines and comments that follow it; that of its last value does not. */
function endOf(key: Node, value: Node | null): number {
  if (value === null) return extent(key)[1];
  const last = isMap(value) && value.flow !== true ? value.items.at(-1) : undefined;
  if (last === undefined) return Math.max(extent(key)[1], extent(value)[1]);
  return isNode(last.key) ? endOf(last.key, isNode(last.value) ? last.value : null) : extent(key)[1];
}
