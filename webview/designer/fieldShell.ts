/** What is around a control of a key: its name, documentation, a way back to the default, and what lint says about it. */

import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import { experimentKeys, type KeySpec } from "../../src/core/experiment/keys.ts";
import { element } from "../ui/element.ts";
import { valueText } from "../ui/fieldValue.ts";
import { icon } from "../ui/icons.ts";
import { problemItem } from "../ui/problemItem.ts";
import { nameControl } from "./controlName.ts";
import type { PageActions } from "./pageActions.ts";

let shells = 0;

export class FieldShell {
  readonly element: HTMLElement;
  readonly spec: KeySpec;
  /** name of the key for people */
  readonly name: string;
  private readonly control = element("div", { class: "field-control" });
  private readonly note = element("p", { class: "field-note", hidden: "" });
  private readonly problems = element("ul", { class: "problems", hidden: "" });
  private readonly resetButton: HTMLButtonElement;
  private shownProblems = "";

  constructor(
    path: string,
    private readonly actions: PageActions,
    name?: string,
  ) {
    const spec = experimentKeys().keys.get(path);
    if (spec === undefined) throw new Error(`there is no key ${path}`);
    this.spec = spec;
    this.name = name ?? nameOf(spec);
    const help = element("p", { class: "field-help", id: `help-${shells++}`, hidden: "" }, documentation(spec));
    this.resetButton = element("button", { class: "quiet reset", type: "button", hidden: "" }, icon("reset"));
    const defaultText = spec.schema.default === null ? "none" : valueText(spec.schema.default);
    label(this.resetButton, `Set ${this.name} back to its default (${defaultText})`);
    this.resetButton.addEventListener("click", () => actions.commit({ path, remove: true }));
    const about = element("button", { class: "quiet about", type: "button", "aria-expanded": "false" }, icon("info"));
    about.setAttribute("aria-controls", help.id);
    label(about, `About ${this.name}`);
    about.addEventListener("click", () => {
      help.hidden = !help.hidden;
      about.setAttribute("aria-expanded", String(!help.hidden));
    });
    const unit = spec.schema["x-unit"];
    const head = element(
      "div",
      { class: "field-head" },
      element("span", { class: "field-name", title: `${path}\n\n${documentation(spec)}` }, this.name),
      ...(unit === undefined ? [] : [element("span", { class: "field-unit" }, unit)]),
      element("span", { class: "field-tools" }, about, ...(spec.required ? [] : [this.resetButton])),
    );
    this.element = element(
      "div",
      { class: "field", "data-key": path, role: "group", "aria-label": this.name },
      head,
      this.control,
      this.note,
      help,
      this.problems,
    );
  }

  add(...parts: Node[]): void {
    this.control.append(...parts);
  }

  /** Documentation for the control itself. */
  describe(control: HTMLElement): void {
    const unit = this.spec.schema["x-unit"];
    nameControl(control, unit === undefined ? this.name : `${this.name}, ${unit}`);
    control.title = documentation(this.spec);
  }

  setIsSet(isSet: boolean): void {
    this.resetButton.hidden = !isSet;
    this.element.classList.toggle("is-set", isSet);
  }

  /** One line below the control; null: none. */
  setNote(text: string | null, isWrong = false): void {
    this.note.hidden = text === null;
    this.note.textContent = text;
    this.note.classList.toggle("wrong", isWrong);
  }

  setDisabled(isDisabled: boolean): void {
    this.element.classList.toggle("disabled", isDisabled);
  }

  setProblems(found: readonly Diagnostic[]): void {
    const shown = JSON.stringify(found);
    if (shown === this.shownProblems) return;
    this.shownProblems = shown;
    this.problems.hidden = found.length === 0;
    this.problems.replaceChildren(...found.map((diagnostic) => problemItem(diagnostic, this.actions)));
    this.element.classList.toggle(
      "has-error",
      found.some(({ severity }) => severity === "error"),
    );
    this.element.classList.toggle(
      "has-warning",
      found.some(({ severity }) => severity === "warning"),
    );
  }
}

/** What a key means, in sentences. */
export function documentation({ schema }: KeySpec): string {
  const equation = schema["x-equation"];
  const cost = schema["x-cost"];
  return [schema.description ?? "", ...(equation ? [`Formula: ${equation}.`] : []), ...(cost ? [cost] : [])].join(" ");
}

/** Names that are more than their key's words. */
const NAMES: Readonly<Record<string, string>> = {
  hflip: "Horizontal flip",
  ignore: "Leave out",
  max_broken: "Broken at most",
  holdout: "Held out",
  embed_dim: "Width D",
  num_heads: "Heads",
  mlp_ratio: "MLP ratio",
  qkv_bias: "QKV bias",
  qk_norm: "QK normalisation",
  norm: "Normalisation",
  mlp: "MLP",
  output_conv: "Output convolution",
  num_classes: "Classes",
  logit_mean: "Logit mean",
  logit_std: "Logit deviation",
  min_snr_gamma: "Min-SNR γ",
  lr: "Learning rate",
  lr_schedule: "LR schedule",
  betas: "Betas β₁, β₂",
  clip_grad: "Clip gradient",
  ema_decay: "EMA decay",
  micro_batch_size: "Micro-batch",
  eta: "Eta η",
  memory_gb: "Memory",
};

/** "patch_size" is "Patch size". */
export function nameOf({ name }: Pick<KeySpec, "name">): string {
  const words = name.replaceAll("_", " ");
  return NAMES[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** Gives a button without text its name. */
export function label(button: HTMLElement, text: string): void {
  button.setAttribute("aria-label", text);
  button.title = text;
}
