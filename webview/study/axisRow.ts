/** An axis of the study: its key, and its values as chips or as a range. */
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import { isMapping } from "../../src/core/experiment/yamlReader.ts";
import { numberText } from "../../src/core/experiment/yamlText.ts";
import { studyAxes } from "../../src/core/study/axes.ts";
import { axisKey } from "../../src/core/study/kind.ts";
import type { AxisConfig } from "../../src/core/study/schema.ts";
import { element } from "../ui/element.ts";
import { icon } from "../ui/icons.ts";
import { problemItem } from "../ui/problemItem.ts";
import { segmented } from "../ui/segmented.ts";
import { chipText, isNumeric, parseValues, suggestions } from "./axisValues.ts";
import { select, TextInput } from "./fields.ts";
import type { PageActions } from "./pageActions.ts";

type Range = Extract<AxisConfig, { readonly from: number }>;

const DEFAULT_COUNT = 5;

export class AxisRow {
  readonly element: HTMLElement;
  private readonly values = element("div", { class: "axis-values" });
  private readonly count = element("span", { class: "axis-count" });
  private readonly note = element("p", { class: "note wrong", role: "alert", hidden: "" });
  private readonly problems = element("ul", { class: "problems", hidden: "" });
  private readonly form: ReturnType<typeof segmented<"list" | "range">> | null;
  private config: AxisConfig = [];
  private shown = "";

  constructor(
    readonly name: string,
    private readonly actions: PageActions,
  ) {
    const spec = axisKey(name);
    const description = spec?.schema.description ?? "Values that vary together.";
    const remove = element("button", { class: "quiet", type: "button", title: "Take this axis out" }, icon("remove"));
    remove.setAttribute("aria-label", `Take the axis ${name} out`);
    remove.addEventListener("click", () => actions.edit({ path: ["axes", name], remove: true }));
    this.form = isNumeric(name)
      ? segmented(
          `Values of ${name}`,
          [
            { value: "list", label: "list", title: "A list of values" },
            { value: "range", label: "range", title: "Values from one to another" },
          ],
          (kind) => this.convert(kind),
        )
      : null;
    this.element = element(
      "div",
      { class: "axis", role: "group", "aria-label": `Axis ${name}`, "data-axis": name },
      element("code", { class: "axis-name", title: `${name}\n\n${description}` }, name),
      element("div", { class: "axis-body" }, this.values, this.note, this.problems),
      element("div", { class: "axis-tools" }, this.count, ...(this.form === null ? [] : [this.form.element]), remove),
    );
  }

  update(config: AxisConfig, problems: readonly Diagnostic[]): void {
    this.problems.hidden = problems.length === 0;
    this.problems.replaceChildren(...problems.map((each) => problemItem(each, this.actions)));
    const shown = JSON.stringify(config);
    if (shown === this.shown) return;
    this.shown = shown;
    this.config = config;
    this.note.hidden = true;
    const isTyping = this.values.contains(document.activeElement) && document.activeElement?.matches(".chip-input");
    if (Array.isArray(config)) this.showList(config);
    else this.showRange(config as Range);
    this.form?.set(Array.isArray(config) ? "list" : "range");
    const points = studyAxes({ axes: { [this.name]: config } })[0]!.points.length;
    this.count.textContent = `${points}`;
    this.count.title = `${points} values`;
    // Whoever adds one value after another goes on typing.
    if (isTyping === true) this.values.querySelector<HTMLInputElement>(".chip-input")?.focus();
  }

  private showList(values: readonly unknown[]): void {
    const { name } = this;
    const write = (next: readonly unknown[]) => this.actions.edit({ path: ["axes", name], value: next });
    const chips = values.map((value, i) => {
      const text = chipText(value);
      const remove = element("button", { type: "button", "aria-label": `Take out ${text}`, title: `Take out ${text}` });
      remove.append(icon("remove"));
      remove.disabled = values.length === 1;
      remove.addEventListener("click", () => write(values.filter((_, other) => other !== i)));
      return element("li", { class: "chip" }, element("span", {}, text), remove);
    });
    const parts: HTMLElement[] = [element("ul", { class: "chips", "aria-label": `Values of ${name}` }, ...chips)];
    if (values.some(isMapping)) {
      const text = element("button", { class: "link", type: "button" }, "edit in the text");
      text.addEventListener("click", () => this.actions.openText());
      parts.push(text);
    } else parts.push(...this.adder(values, write));
    this.values.className = "axis-values list";
    this.values.replaceChildren(...parts);
  }

  private adder(values: readonly unknown[], write: (next: readonly unknown[]) => void): HTMLElement[] {
    const { name } = this;
    const offered = suggestions(name).filter((text) => !values.some((value) => String(value) === text));
    const id = `values-of-${name}`;
    const input = element("input", {
      ...{ type: "text", class: "chip-input", placeholder: "add …", spellcheck: "false" },
      ...{ "aria-label": `Add values to ${name}`, title: "One value, or several with commas between; Enter adds them" },
      ...(offered.length > 0 ? { list: id } : {}),
    });
    const add = (): void => {
      if (input.value.trim() === "") return;
      const typed = parseValues(name, input.value.trim());
      this.note.hidden = typed.ok;
      if (!typed.ok) {
        this.note.textContent = typed.why;
        return;
      }
      const fresh = typed.values.filter((value) => !values.some((other) => chipText(other) === chipText(value)));
      input.value = "";
      if (fresh.length > 0) write([...values, ...fresh]);
    };
    input.addEventListener("change", add);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Backspace" && input.value === "" && values.length > 1) write(values.slice(0, -1));
      if (event.key === "Escape") {
        input.value = "";
        this.note.hidden = true;
      }
    });
    const list = element("datalist", { id }, ...offered.map((value) => element("option", { value })));
    return [input, list];
  }

  private showRange(range: Range): void {
    const { name } = this;
    const path = (key: string) => ["axes", name, key];
    const number = (key: "from" | "to" | "count") => {
      const input = new TextInput(`${key} of ${name}`, { class: "number", inputmode: "decimal" }, (text) => {
        const value = Number(text);
        if (text !== "" && Number.isFinite(value)) this.actions.edit({ path: path(key), value });
        else input.show(numberText(range[key]));
      });
      input.show(numberText(range[key]));
      return input.element;
    };
    const scale = select(
      `Scale of ${name}`,
      [
        ["linear", "linear"],
        ["log", "logarithmic"],
      ],
      (value) => this.actions.edit({ path: path("scale"), value }),
    );
    scale.value = range.scale;
    const points = studyAxes({ axes: { [name]: range } })[0]!.points;
    const word = (text: string) => element("span", { class: "word" }, text);
    this.values.className = "axis-values range";
    this.values.replaceChildren(
      element(
        "div",
        { class: "range-fields" },
        ...[word("from"), number("from"), word("to"), number("to"), number("count"), word("values"), scale],
      ),
      element("p", { class: "range-points" }, points.map(({ label }) => label).join("  ")),
    );
  }

  private convert(kind: "list" | "range"): void {
    const { config, name } = this;
    if (kind === "list" && !Array.isArray(config)) {
      const values = studyAxes({ axes: { [name]: config } })[0]!.points.map((point) => point.values[name]);
      this.actions.edit({ path: ["axes", name], value: values });
    } else if (kind === "range" && Array.isArray(config)) {
      const numbers = config.filter((value): value is number => typeof value === "number").sort((a, b) => a - b);
      const [from = 0] = numbers;
      const last = numbers.at(-1) ?? 1;
      const to = last > from ? last : from + 1;
      const count = Math.max(2, numbers.length > 1 ? numbers.length : DEFAULT_COUNT);
      this.actions.edit({ path: ["axes", name], value: { from, to, count } });
    }
  }
}
