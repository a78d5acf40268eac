/** A finding of lint in a list; the style is problems.css. */
import type { Diagnostic, TextRange } from "../../src/core/experiment/diagnostic.ts";
import { element } from "./element.ts";
import { icon } from "./icons.ts";

const SEVERITY_NAMES = { error: "Error", warning: "Warning", info: "Note" } as const;

export interface ProblemActions {
  /** Makes the change that lint offers. */
  fix(diagnostic: Diagnostic): void;
  /** Shows a place of the text. */
  reveal(place: Pick<TextRange, "line" | "column">): void;
}

/** A finding, with a link to its place and a button that fixes it where lint knows how. */
export function problemItem(diagnostic: Diagnostic, actions: ProblemActions): HTMLLIElement {
  const { severity, message, line, code, fix } = diagnostic;
  const place = element("button", { class: "link", type: "button", title: `${code}: show the text` }, `line ${line}`);
  place.addEventListener("click", () => actions.reveal(diagnostic));
  const parts: Node[] = [icon(severity), element("span", { class: "problem-text" }, `${message} `, place)];
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
