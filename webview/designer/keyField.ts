/** A key of the experiment with the control that suits it. */

import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { valueAt } from "../../src/core/experiment/valueAt.ts";
import { type CheckControl, control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { choicesOf, fieldKind, parseField, placeholderOf, valueText } from "../ui/fieldValue.ts";
import { FieldShell } from "./fieldShell.ts";
import type { Reading } from "./model.ts";
import type { PageActions } from "./pageActions.ts";

export interface KeyFieldOptions {
  /** what an empty field stands for */
  readonly placeholder?: string;
  /** values worth choosing, where a list of them suits better than typing; the present one is always among them */
  readonly choices?: (experiment: Experiment) => readonly number[];
  /** why the key has no effect now; null: it has */
  readonly idle?: (experiment: Experiment) => string | null;
}

interface Control {
  readonly element: HTMLElement;
  /** @param text of the value, as valueText gives it */
  show(text: string, experiment: Experiment): void;
  setDisabled(disabled: boolean): void;
}

export class KeyField {
  readonly shell: FieldShell;
  private readonly control: Control;
  /** what was typed and is not in the file */
  private isTyping = false;

  constructor(
    readonly path: string,
    private readonly actions: PageActions,
    private readonly options: KeyFieldOptions = {},
  ) {
    this.shell = new FieldShell(path, actions);
    this.control = this.makeControl();
    this.shell.add(this.control.element);
  }

  update(reading: Reading, shown: Experiment, problems: readonly Diagnostic[]): void {
    const { document, experiment, refused } = reading;
    const idle = this.whyIdle(shown);
    this.shell.setIsSet(document.isSet(this.path));
    this.shell.setProblems(problems);
    this.shell.setDisabled(idle !== null);
    this.control.setDisabled(experiment === null || idle !== null);
    if (this.isTyping) return;
    this.shell.setNote(idle);
    const written = refused.has(this.path) ? document.valueText(this.path) : null;
    this.control.show(written ?? valueText(valueAt(shown, this.path)), shown);
  }

  /** Why the key has no effect now; null: it has. */
  whyIdle(experiment: Experiment): string | null {
    return this.options.idle?.(experiment) ?? null;
  }

  private makeControl(): Control {
    const { spec } = this.shell;
    if (this.options.choices !== undefined) return this.dropdown();
    switch (fieldKind(spec)) {
      case "choice":
        return this.dropdown();
      case "check":
        return this.check();
      case "colour":
        return this.colour();
      default:
        return this.textField();
    }
  }

  private dropdown(): Control {
    const { spec } = this.shell;
    const dropdown = control<ValueControl>("dropdown", { position: "below" });
    this.shell.describe(dropdown);
    let listed = "";
    let shown = "";
    dropdown.addEventListener("change", () => {
      if (dropdown.value === shown) return;
      const parsed = parseField(spec, dropdown.value);
      if (parsed.kind === "value") this.actions.commit({ path: this.path, value: parsed.value });
    });
    return {
      element: dropdown,
      show: (text, experiment) => {
        const values = (this.options.choices?.(experiment) ?? choicesOf(spec.schema) ?? []).map(String);
        const all = values.includes(text) ? values : [...values, text];
        if (all.join("\n") !== listed) {
          listed = all.join("\n");
          dropdown.replaceChildren(...all.map((value) => control("option", { value }, value)));
        }
        shown = text;
        // The list is taken over by the control a moment after its options are there.
        dropdown.value = text;
        queueMicrotask(() => {
          dropdown.value = text;
        });
      },
      setDisabled: (disabled) => {
        dropdown.disabled = disabled;
      },
    };
  }

  private check(): Control {
    const box = control<CheckControl>("checkbox", {}, "On");
    this.shell.describe(box);
    let shown = false;
    box.addEventListener("change", () => {
      if (box.checked !== shown) this.actions.commit({ path: this.path, value: box.checked });
    });
    return {
      element: box,
      show: (text) => {
        shown = text === "true";
        box.checked = shown;
      },
      setDisabled: (disabled) => {
        box.disabled = disabled;
      },
    };
  }

  private colour(): Control {
    const field = this.textField();
    const picker = element("input", { type: "color" });
    this.shell.describe(picker);
    picker.addEventListener("input", () => this.actions.draft({ path: this.path, value: picker.value }));
    picker.addEventListener("change", () => this.actions.commit({ path: this.path, value: picker.value }));
    return {
      element: element("div", { class: "pair" }, picker, field.element),
      show: (text, experiment) => {
        if (/^#[0-9a-f]{6}$/i.test(text)) picker.value = text;
        field.show(text, experiment);
      },
      setDisabled: (disabled) => {
        picker.disabled = disabled;
        field.setDisabled(disabled);
      },
    };
  }

  private textField(): Control {
    const { spec } = this.shell;
    const isNumber = fieldKind(spec) === "number";
    const field = control<ValueControl>("text-field", {
      placeholder: this.options.placeholder ?? placeholderOf(spec),
      ...(isNumber ? { inputmode: "decimal" } : {}),
    });
    this.shell.describe(field);
    let shown = "";
    field.addEventListener("input", () => {
      this.isTyping = true;
      const parsed = parseField(spec, field.value);
      this.shell.setNote(parsed.kind === "wrong" ? parsed.why : null, true);
      if (parsed.kind === "value" && isNumber) this.actions.draft({ path: this.path, value: parsed.value });
      else this.actions.forget(this.path);
    });
    field.addEventListener("change", () => {
      const parsed = parseField(spec, field.value);
      if (parsed.kind === "wrong") return;
      this.isTyping = false;
      this.shell.setNote(null);
      if (parsed.kind === "default") this.actions.commit({ path: this.path, remove: true });
      else this.actions.commit({ path: this.path, value: parsed.value });
    });
    const giveUp = (): void => {
      this.isTyping = false;
      field.value = shown;
      this.shell.setNote(null);
      this.actions.forget(this.path);
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isTyping) giveUp();
    });
    field.addEventListener("focusout", () => {
      if (this.isTyping && field.value === shown) giveUp();
    });
    return {
      element: field,
      show: (text) => {
        shown = text;
        field.value = text;
      },
      setDisabled: (disabled) => {
        field.disabled = disabled;
      },
    };
  }
}
