/** What is wrong with the file: beside the field concerned where there is one, else in a list of their own. */

import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { ExperimentDocument } from "../../src/core/experiment/document.ts";
import { experimentKeys } from "../../src/core/experiment/keys.ts";
import { element } from "../ui/element.ts";
import { icon } from "./icons.ts";
import type { PageActions } from "./pageActions.ts";

const SEVERITY_NAMES = { error: "Error", warning: "Warning", info: "Note" } as const;
const SEVERITY_ICONS = { error: "error", warning: "warning", info: "info" } as const;

/** A finding, with a link to its place and a button that fixes it where lint knows how. */
export function problemItem(diagnostic: Diagnostic, actions: PageActions): HTMLLIElement {
  const { severity, message, line, code, fix } = diagnostic;
  const place = element("button", { class: "link", type: "button", title: `${code}: show the text` }, `line ${line}`);
  place.addEventListener("click", () => actions.reveal(diagnostic));
  const text = element("span", { class: "problem-text" }, `${message} `, place);
  const parts: Node[] = [icon(SEVERITY_ICONS[severity]), text];
  if (fix !== undefined) {
    const button = element(
      "button",
      { class: "small", type: "button", title: fix.title, "aria-label": `Fix: ${fix.title}` },
      icon("lightbulb"),
      fix.title,
    );
    button.addEventListener("click", () => actions.fix(diagnostic));
    parts.push(button);
  }
  return element(
    "li",
    { class: `problem ${severity}` },
    element("span", { class: "visually-hidden" }, SEVERITY_NAMES[severity]),
    ...parts,
  );
}

/** Findings by the key they stand at, or by the section whose name they stand at; those of neither under "". */
export function problemsByKey(
  document: ExperimentDocument,
  diagnostics: readonly Diagnostic[],
): ReadonlyMap<string, readonly Diagnostic[]> {
  const keysByLine = new Map<number, { path: string; column: number; endColumn: number }[]>();
  const { keys, sections } = experimentKeys();
  for (const path of [...keys.keys(), ...sections.keys()]) {
    const key = document.keyRange(path);
    if (key === null) continue;
    const value = sections.has(path) ? null : document.valueRange(path);
    const found = { path, column: key.column, endColumn: value?.line === key.line ? value.endColumn : key.endColumn };
    keysByLine.set(key.line, [...(keysByLine.get(key.line) ?? []), found]);
    if (value !== null && value.line !== key.line) {
      keysByLine.set(value.line, [...(keysByLine.get(value.line) ?? []), { ...value, path }]);
    }
    for (const item of document.itemRanges(path)) {
      keysByLine.set(item.line, [...(keysByLine.get(item.line) ?? []), { ...item, path }]);
    }
  }
  const byKey = new Map<string, Diagnostic[]>();
  for (const diagnostic of diagnostics) {
    const { line, column } = diagnostic;
    const path = keysByLine.get(line)?.find((place) => place.column <= column && column <= place.endColumn)?.path ?? "";
    byKey.set(path, [...(byKey.get(path) ?? []), diagnostic]);
  }
  return byKey;
}
