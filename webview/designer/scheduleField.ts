/** A mask rate that changes over pretraining: its chart, and a row of fields for each piece. */
import { stageFacts } from "../../src/core/cost/stageFacts.ts";
import { itemKeys, type KeySpec } from "../../src/core/experiment/keys.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { withChange, withoutPiece, withPiece } from "../../src/core/masks/editSchedule.ts";
import type { RatePiece } from "../../src/core/masks/schedule.ts";
import { control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { parseField, valueText } from "../ui/fieldValue.ts";
import { icon } from "../ui/icons.ts";
import { applyControlNames, nameControl } from "./controlName.ts";
import { label } from "./fieldShell.ts";
import type { Reading } from "./model.ts";
import { count, share } from "./numbers.ts";
import type { PageActions } from "./pageActions.ts";
import { ScheduleChart } from "./scheduleChart.ts";

type Rate = Experiment["mask"]["rate"];

export interface ScheduleEdits {
  draft(rate: Rate): void;
  commit(rate: Rate): void;
  forget(): void;
  /** says what is wrong with what is being typed; null: nothing */
  note(text: string | null): void;
}

export class ScheduleField {
  readonly element: HTMLElement;
  readonly chart: ScheduleChart;
  private readonly list = element("ol", { class: "schedule-pieces", "aria-label": "Pieces of the mask rate" });
  private readonly add: HTMLButtonElement;
  private rows: Row[] = [];
  private pieces: readonly RatePiece[] = [];
  private steps = 1;

  constructor(
    private readonly spec: KeySpec,
    private readonly edits: ScheduleEdits,
    actions: PageActions,
  ) {
    this.chart = new ScheduleChart((step) => actions.showStep(step));
    this.add = element("button", { type: "button", class: "small" }, icon("plus"), "Add a piece");
    this.add.addEventListener("click", () => edits.commit([...withPiece(this.pieces, this.steps)]));
    this.element = element("div", { class: "schedule" }, this.chart.element, this.list, this.add);
  }

  update(reading: Reading, shown: Experiment, pieces: readonly RatePiece[]): void {
    this.pieces = pieces;
    this.steps = shown.pretrain.steps;
    const facts = stageFacts(shown, "pretrain", null)?.pieces ?? [];
    this.chart.element.hidden = facts.length === 0;
    this.chart.update(facts, this.steps);
    this.add.disabled = reading.experiment === null;
    if (this.rows.length !== pieces.length) {
      this.rows = pieces.map((_, i) => new Row(i, pieces.length, itemKeys(this.spec, i), this));
      this.list.replaceChildren(...this.rows.map((row) => row.element));
      applyControlNames(this.list);
    }
    this.rows.forEach((row, i) => {
      const geometry = facts[i]?.geometry;
      const own = pieces[i]!;
      const others = [
        ...(own.strategy === undefined ? [] : [own.strategy]),
        ...(own.block_size === undefined ? [] : [`block ${own.block_size}`]),
        ...(own.crop_size === undefined ? [] : [`crop ${own.crop_size ?? "from the rate"}`]),
      ];
      const seen =
        geometry === undefined
          ? "does not fit the grid"
          : `S ${count(geometry.visibleTokens)} · effective ${share(geometry.effectiveRate)}`;
      row.show(own, [seen, ...others].join(" · "), reading.experiment === null);
    });
  }

  /** What was typed into a field of a piece. */
  typed(index: number, key: KeySpec, text: string, isDone: boolean): boolean {
    const parsed = parseField(key, text);
    if (parsed.kind !== "value" || typeof parsed.value !== "number") {
      this.edits.note(parsed.kind === "wrong" ? parsed.why : `${key.path} needs a number.`);
      this.edits.forget();
      return false;
    }
    this.edits.note(null);
    const changed = withChange(this.pieces, index, { [key.name]: parsed.value }) as Rate;
    if (isDone) this.edits.commit(changed);
    else this.edits.draft(changed);
    return true;
  }

  remove(index: number): void {
    this.edits.commit(withoutPiece(this.pieces, index) as Rate);
  }
}

class Row {
  readonly element: HTMLElement;
  private readonly fields: readonly PieceField[];
  private readonly outcome = element("span", { class: "schedule-outcome" });
  private readonly removeButton: HTMLButtonElement;

  constructor(index: number, total: number, keys: readonly KeySpec[], owner: Pick<ScheduleField, "typed" | "remove">) {
    const isLast = index === total - 1;
    const named = (name: string) => keys.find((key) => key.name === name)!;
    const field = (name: string, title: string) =>
      new PieceField(title, (text, isDone) => owner.typed(index, named(name), text, isDone));
    const until = isLast ? null : field("until", `Piece ${index + 1} until, step or share of the steps`);
    const rate = field("rate", `Mask rate of piece ${index + 1}`);
    this.fields = until === null ? [rate] : [until, rate];
    this.removeButton = element("button", { type: "button", class: "quiet" }, icon("minus"));
    label(this.removeButton, `Remove piece ${index + 1}`);
    this.removeButton.addEventListener("click", () => owner.remove(index));
    this.element = element(
      "li",
      { class: "schedule-row" },
      element("span", { class: "schedule-word" }, "until"),
      until?.control ?? element("span", { class: "schedule-end" }, "the end"),
      element("span", { class: "schedule-word" }, "rate"),
      rate.control,
      this.outcome,
      this.removeButton,
    );
  }

  show(piece: RatePiece, outcome: string, isOff: boolean): void {
    const values = this.fields.length === 1 ? [piece.rate] : [piece.until, piece.rate];
    for (const [i, field] of this.fields.entries()) field.show(valueText(values[i]), isOff);
    this.outcome.textContent = outcome;
    this.removeButton.disabled = isOff;
  }
}

/** A number of a piece. What is being typed stays until it is taken or given up. */
class PieceField {
  readonly control = control<ValueControl>("text-field", { inputmode: "decimal", class: "narrow" });
  private isTyping = false;
  private shown = "";

  constructor(title: string, typed: (text: string, isDone: boolean) => boolean) {
    nameControl(this.control, title);
    this.control.title = title;
    this.control.addEventListener("input", () => {
      this.isTyping = true;
      typed(this.control.value, false);
    });
    this.control.addEventListener("change", () => {
      if (this.isTyping && typed(this.control.value, true)) this.isTyping = false;
    });
    this.control.addEventListener("focusout", () => {
      if (this.isTyping && this.control.value === this.shown) this.isTyping = false;
    });
  }

  show(text: string, isOff: boolean): void {
    this.control.disabled = isOff;
    if (this.isTyping) return;
    this.shown = text;
    this.control.value = text;
  }
}
