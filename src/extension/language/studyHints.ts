/** Behind the axes of a study how many points each has, and how many cells they make. */
import * as vscode from "vscode";
import { plural } from "../../core/numbers.ts";
import { studyAxes } from "../../core/study/axes.ts";
import type { ReadStudy } from "../services.ts";
import type { DocumentServices } from "./languageServices.ts";
import { axisFacts, cellsText } from "./studyFacts.ts";

export function registerStudyHints({ language, documents }: DocumentServices<ReadStudy>): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    changes,
    // A change of the text makes the editor ask anyway; this is for a base that is read later.
    documents.onDidChange(() => changes.fire()),
    vscode.languages.registerInlayHintsProvider(language.selector, {
      onDidChangeInlayHints: changes.event,
      provideInlayHints: async (document, visible) => {
        const read = await documents.get(document);
        if (read.version !== document.version) return [];
        return hints(read, document).filter(({ position }) => visible.contains(position));
      },
    }),
  );
}

function hints(read: ReadStudy, document: vscode.TextDocument): vscode.InlayHint[] {
  const found: vscode.InlayHint[] = [];
  const add = (at: string | readonly string[], label: string, facts: readonly string[]): void => {
    const place = read.document.keyRange(at);
    if (place === null) return;
    // At the end of the line, where it stands in nothing's way.
    const line = document.lineAt(place.line - 1);
    const hint = new vscode.InlayHint(line.range.end, label);
    hint.paddingLeft = true;
    if (facts.length > 0) hint.tooltip = new vscode.MarkdownString(facts.map((fact) => `- ${fact}`).join("\n"));
    found.push(hint);
  };
  const cells = cellsText(read);
  // The editor cuts long hints; the lens says it in full.
  if (cells !== null) add("axes", cells.split(" = ")[1]!, [cells]);
  const range = read.document.keyRange("axes");
  for (const { name, points } of read.partial === null ? [] : studyAxes(read.partial)) {
    const own = read.document.keyRange(["axes", name]);
    // In axes: {…} on one line their sum says enough.
    if (own !== null && own.line !== range?.line)
      add(["axes", name], plural(points.length, "point"), axisFacts(name, read));
  }
  return found;
}
