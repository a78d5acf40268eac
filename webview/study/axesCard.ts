/** What varies: the axes, and a row that adds one. */
import { axisKey, axisKeyNames } from "../../src/core/study/kind.ts";
import type { StudyConfig } from "../../src/core/study/schema.ts";
import { control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { AxisRow } from "./axisRow.ts";
import { parseValues, suggestions } from "./axisValues.ts";
import type { PageActions } from "./pageActions.ts";
import type { ProblemPlaces } from "./problemPlaces.ts";

const LIST = "axis-keys";
const VALUES = "axis-first-values";

export class AxesCard {
  readonly element: HTMLElement;
  private readonly rows = element("div", { class: "axes" });
  private readonly key: HTMLInputElement;
  private readonly values: HTMLInputElement;
  private readonly about = element("p", { class: "note", role: "status" });
  private readonly shown = new Map<string, AxisRow>();

  constructor(private readonly actions: PageActions) {
    const input = (name: string, placeholder: string, list: string) =>
      element("input", { type: "text", "aria-label": name, placeholder, list, spellcheck: "false" });
    this.key = input("Key of a new axis", "key, such as mask.rate", LIST);
    this.values = input("Values of a new axis", "values, with commas between", VALUES);
    const first = element("datalist", { id: VALUES });
    const add = control("button", { appearance: "secondary" }, "Add axis");
    add.addEventListener("click", () => this.add());
    this.key.addEventListener("input", () => {
      this.explain();
      const offered = suggestions(this.key.value.trim());
      const all = offered.length > 1 ? [offered.join(", "), ...offered] : offered;
      first.replaceChildren(...all.map((value) => element("option", { value })));
    });
    for (const field of [this.key, this.values]) {
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.add();
      });
    }
    this.element = element(
      "section",
      { class: "card axes-card", "aria-label": "Axes" },
      element("h2", {}, "What varies"),
      this.rows,
      element("div", { class: "axis-new" }, this.key, this.values, add),
      element("datalist", { id: LIST }, ...axisKeyNames().map((value) => element("option", { value }))),
      first,
      this.about,
    );
  }

  update({ axes }: Pick<StudyConfig, "axes">, problems: ProblemPlaces): void {
    for (const [name, row] of this.shown) {
      if (name in axes) continue;
      row.element.remove();
      this.shown.delete(name);
    }
    for (const [name, config] of Object.entries(axes)) {
      const row = this.shown.get(name) ?? new AxisRow(name, this.actions);
      this.shown.set(name, row);
      row.update(config, problems.of(["axes", name]));
    }
    const ordered = Object.keys(axes).map((name) => this.shown.get(name)!.element);
    if (ordered.some((row, i) => this.rows.children[i] !== row)) this.rows.replaceChildren(...ordered);
  }

  private add(): void {
    const name = this.key.value.trim();
    const text = this.values.value.trim();
    const wrong = this.whatIsWrong(name);
    if (wrong !== null) this.say(wrong, true);
    else if (name === "") this.key.focus();
    else if (text === "") this.values.focus();
    else {
      const typed = parseValues(name, text);
      this.say(typed.ok ? "" : typed.why, !typed.ok);
      if (!typed.ok) return;
      this.actions.edit({ path: ["axes", name], value: typed.values });
      this.key.value = "";
      this.values.value = "";
      this.key.focus();
    }
  }

  private whatIsWrong(name: string): string | null {
    if (name !== "" && axisKey(name) === null) return `There is no key ${name} in an experiment.`;
    return this.shown.has(name) ? `${name} varies already.` : null;
  }

  /** What the key means that is being typed. */
  private explain(): void {
    const spec = axisKey(this.key.value.trim());
    this.say(spec?.schema.description ?? "", false);
  }

  private say(text: string, isWrong: boolean): void {
    this.about.textContent = text;
    this.about.classList.toggle("wrong", isWrong);
  }
}
