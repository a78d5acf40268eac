/** Fields of the plan: a name with its documentation, a control, and below it what is wrong. */
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import { studyKeys } from "../../src/core/study/kind.ts";
import { element } from "../ui/element.ts";
import { type ProblemActions, problemItem } from "../ui/problemItem.ts";

/** What the schema says of a key, or a section, of the study. */
function descriptionOf(path: readonly string[]): string {
  const { keys, sections } = studyKeys();
  const name = path.join(".");
  return keys.get(name)?.schema.description ?? sections.get(name)?.description ?? "";
}

/** A row of the form. */
export class Field {
  readonly element: HTMLElement;
  private readonly problems = element("ul", { class: "problems", hidden: "" });

  constructor(
    readonly path: readonly string[],
    name: string,
    private readonly actions: ProblemActions,
    ...controls: HTMLElement[]
  ) {
    this.element = element(
      "div",
      { class: "row", role: "group", "aria-label": name },
      element("span", { class: "row-name", title: `${path.join(".")}\n\n${descriptionOf(path)}` }, name),
      element("div", { class: "row-control" }, ...controls),
      this.problems,
    );
  }

  setProblems(found: readonly Diagnostic[]): void {
    this.problems.hidden = found.length === 0;
    this.problems.replaceChildren(...found.map((each) => problemItem(each, this.actions)));
  }
}

/** A text field that reports what was typed when it is left or Enter is pressed; Escape takes it back. */
export class TextInput {
  readonly element: HTMLInputElement;
  private shown = "";

  constructor(name: string, attributes: Readonly<Record<string, string>>, commit: (text: string) => void) {
    this.element = element("input", { type: "text", "aria-label": name, spellcheck: "false", ...attributes });
    this.element.addEventListener("change", () => {
      const text = this.element.value.trim();
      if (text !== this.shown) commit(text);
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.element.value = this.shown;
    });
  }

  show(text: string): void {
    this.shown = text;
    this.element.value = text;
  }
}

export function select<T extends string>(
  name: string,
  choices: readonly (readonly [value: T, label: string])[],
  commit: (value: T) => void,
): HTMLSelectElement {
  const made = element(
    "select",
    { "aria-label": name },
    ...choices.map(([value, label]) => element("option", { value }, label)),
  );
  made.addEventListener("change", () => commit(made.value as T));
  return made;
}

export function check(name: string, commit: (on: boolean) => void): { element: HTMLElement; box: HTMLInputElement } {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => commit(box.checked));
  return { element: element("label", { class: "check" }, box, name), box };
}
