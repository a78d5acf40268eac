/** The mask rate: a slider with a field beside it, and what the strategy makes of what is asked. */
import { stageFacts } from "../../src/core/cost/stageFacts.ts";
import type { KeyValue } from "../../src/core/experiment/changeKeys.ts";
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { asSchedule } from "../../src/core/masks/editSchedule.ts";
import { count, share } from "../../src/core/numbers.ts";
import { control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { parseField, valueText } from "../ui/fieldValue.ts";
import { FieldShell } from "./fieldShell.ts";
import type { Reading } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { ScheduleField } from "./scheduleField.ts";

/** The slider ends here; rates above, up to 1, can be typed. */
const SLIDER_MAX = 0.99;
const SLIDER_STEP = 0.01;
const KEY = "mask.rate";

export class RateField {
  readonly shell: FieldShell;
  private readonly slider: HTMLInputElement;
  private readonly field = control<ValueControl>("text-field", { inputmode: "decimal", class: "narrow" });
  private readonly track: HTMLElement;
  private readonly outcome = element("p", { class: "outcome" });
  private readonly pair: HTMLElement;
  private readonly schedule: ScheduleField;
  /** from one rate to one that changes */
  private readonly change: HTMLButtonElement;
  private isTyping = false;
  private shown = "";

  constructor(private readonly actions: PageActions) {
    this.shell = new FieldShell(KEY, actions, "Mask rate");
    this.slider = element("input", {
      type: "range",
      min: "0",
      max: String(SLIDER_MAX),
      step: String(SLIDER_STEP),
      class: "rate",
    });
    this.shell.describe(this.slider);
    this.shell.describe(this.field);
    const mark = element("span", { class: "effective-mark", "aria-hidden": "true" });
    this.track = element("div", { class: "rate-track" }, this.slider, mark);
    this.pair = element("div", { class: "pair rate-pair" }, this.track, this.field);
    this.change = element("button", { type: "button", class: "link" }, "Change it over training");
    this.change.title = "Make the rate a list of pieces, each with a rate of its own";
    this.change.addEventListener("click", () => {
      actions.commit({ path: KEY, value: asSchedule(Number(this.slider.value)) as KeyValue });
    });
    const value = (rate: unknown) => ({ path: KEY, value: rate as KeyValue });
    this.schedule = new ScheduleField(
      this.shell.spec,
      {
        draft: (rate) => actions.draft(value(rate)),
        commit: (rate) => actions.commit(value(rate)),
        forget: () => actions.forget(KEY),
        note: (text) => this.shell.setNote(text, true),
      },
      actions,
    );
    this.shell.add(this.pair, this.outcome, this.change, this.schedule.element);
    this.slider.addEventListener("input", () => {
      this.field.value = this.slider.value;
      this.fill(Number(this.slider.value));
      actions.draft({ path: KEY, value: Number(this.slider.value) });
    });
    this.slider.addEventListener("change", () => this.commit(this.slider.value));
    this.field.addEventListener("input", () => {
      this.isTyping = true;
      const parsed = parseField(this.shell.spec, this.field.value);
      this.shell.setNote(parsed.kind === "wrong" ? parsed.why : null, true);
      if (parsed.kind === "value") actions.draft({ path: KEY, value: parsed.value });
      else actions.forget(KEY);
    });
    this.field.addEventListener("change", () => this.commit(this.field.value));
    this.field.addEventListener("focusout", () => {
      if (!this.isTyping || this.field.value !== this.shown) return;
      this.isTyping = false;
      this.shell.setNote(null);
      actions.forget(KEY);
    });
  }

  update(reading: Reading, shown: Experiment, problems: readonly Diagnostic[]): void {
    const { strategy, crop_size: cropSize, rate } = shown.mask;
    const isSchedule = typeof rate !== "number";
    // A list that was refused has no number that could be shown in its place.
    const isBrokenList = reading.refused.has(KEY) && reading.document.find(`${KEY}[0]`) !== null;
    this.pair.hidden = isSchedule;
    this.outcome.hidden = isSchedule;
    this.change.hidden = isSchedule || isBrokenList;
    this.schedule.element.hidden = !isSchedule;
    if (isSchedule) {
      this.shell.setIsSet(true);
      this.shell.setProblems(problems);
      this.shell.setDisabled(false);
      this.schedule.update(reading, shown, rate);
      return;
    }
    const idle = isBrokenList
      ? "The list of pieces has errors; correct the text"
      : strategy === "none"
        ? "Strategy none hides nothing"
        : strategy === "crop" && cropSize !== null
          ? "The crop size decides"
          : null;
    const isOff = reading.experiment === null || idle !== null;
    this.shell.setIsSet(reading.document.isSet(KEY));
    this.shell.setProblems(problems);
    this.shell.setDisabled(idle !== null);
    this.slider.disabled = isOff;
    this.field.disabled = isOff;
    this.tellOutcome(shown);
    if (this.isTyping) return;
    this.shell.setNote(idle);
    const written = reading.refused.has(KEY) && !isBrokenList ? reading.document.valueText(KEY) : null;
    this.shown = written ?? valueText(rate);
    this.field.value = this.shown;
    this.slider.value = String(rate);
    this.fill(rate);
  }

  /** Marks the step whose batch is looked at; null: none of pretraining's is. */
  mark(step: number | null): void {
    this.schedule.chart.mark(step);
  }

  private commit(text: string): void {
    const parsed = parseField(this.shell.spec, text);
    if (parsed.kind === "wrong") return;
    this.isTyping = false;
    this.shell.setNote(null);
    if (parsed.kind === "default") this.actions.commit({ path: KEY, remove: true });
    else this.actions.commit({ path: KEY, value: parsed.value });
  }

  private fill(rate: number): void {
    this.track.style.setProperty("--asked", String(Math.min(1, rate / SLIDER_MAX)));
  }

  private tellOutcome(shown: Experiment): void {
    const mask = stageFacts(shown, "pretrain", null)?.pieces[0]?.geometry;
    this.track.classList.toggle("fits", mask !== undefined);
    if (mask === undefined) {
      this.outcome.textContent = "The mask does not fit the grid of patches.";
      return;
    }
    this.track.style.setProperty("--effective", String(Math.min(1, mask.effectiveRate / SLIDER_MAX)));
    const seen = `${count(mask.visibleTokens)} of ${count(mask.tokens)} tokens visible`;
    const isExact = mask.askedRate === mask.effectiveRate;
    this.outcome.textContent = isExact ? seen : `Effective ${share(mask.effectiveRate)} · ${seen}`;
  }
}
