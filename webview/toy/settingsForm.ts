/** What is trained: data set, cost, noise and seed, and the button that begins. */
import { TOY_SET_TITLES, TOY_SETS, type ToySet } from "../../src/core/toy/dataSets.ts";
import { type ToySettings, toySettingsSchema } from "../../src/core/toy/settings.ts";
import { control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { icon } from "../ui/icons.ts";

interface FormActions {
  run(settings: ToySettings): void;
  stop(): void;
}

/** Their bounds are the schema's. */
const NUMBERS = {
  steps: { label: "Steps", title: "Cost of each way, in steps on whole points", step: 4 },
  noise: { label: "Noise", title: "Deviation of the points around their law, which is 4 wide", step: 0.01 },
  seed: { label: "Seed", title: "Seed of everything random", step: 1 },
} as const;
type NumberKey = keyof typeof NUMBERS;

export class SettingsForm {
  readonly element = element("form", { class: "settings", "aria-label": "What is trained" });
  private readonly set = element(
    "select",
    { "aria-label": "Data set", name: "set" },
    ...TOY_SETS.map((value) => element("option", { value }, TOY_SET_TITLES[value])),
  );
  private readonly numbers: Readonly<Record<NumberKey, HTMLInputElement>>;
  private readonly run = control<HTMLElement & { disabled: boolean }>(
    "button",
    { type: "submit" },
    icon("play"),
    "Run",
  );
  private readonly stop = control<HTMLElement & { disabled: boolean }>(
    "button",
    { appearance: "secondary", type: "button" },
    icon("stop"),
    "Stop",
  );

  constructor(settings: ToySettings, actions: FormActions) {
    const made = (Object.keys(NUMBERS) as NumberKey[]).map((key) => {
      const { label, title, step } = NUMBERS[key];
      const { minValue, maxValue } = toySettingsSchema.shape[key];
      const attributes = { min: `${minValue}`, max: `${maxValue}`, step: `${step}`, value: `${settings[key]}` };
      const input = element("input", {
        type: "number",
        name: key,
        "aria-label": label,
        title,
        required: "",
        ...attributes,
      });
      return [key, input] as const;
    });
    this.numbers = Object.fromEntries(made) as Record<NumberKey, HTMLInputElement>;
    this.set.value = settings.set;
    this.element.append(
      field("Data", this.set),
      ...made.map(([key, input]) => field(NUMBERS[key].label, input)),
      this.run,
      this.stop,
    );
    const begin = (): void => {
      if (!this.element.reportValidity()) return;
      const { success, data } = toySettingsSchema.safeParse(this.read());
      if (success) actions.run(data);
    };
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      begin();
    });
    this.run.addEventListener("click", begin);
    this.set.addEventListener("change", begin);
    this.stop.addEventListener("click", () => actions.stop());
  }

  /** @param trusted whether a process may be started */
  update({ atWork, trusted }: { readonly atWork: boolean; readonly trusted: boolean }): void {
    this.run.disabled = !trusted;
    this.set.disabled = !trusted;
    this.stop.disabled = !atWork;
  }

  private read(): { readonly [K in keyof ToySettings]: unknown } {
    const { steps, noise, seed } = this.numbers;
    const set = this.set.value as ToySet;
    return { set, steps: steps.valueAsNumber, noise: noise.valueAsNumber, seed: seed.valueAsNumber };
  }
}

const field = (name: string, input: HTMLElement): HTMLElement => element("label", {}, element("span", {}, name), input);
