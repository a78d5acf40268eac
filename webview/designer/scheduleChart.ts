/** The mask rate over the steps of pretraining, drawn as steps: each piece is a button that shows its first batch. */
import type { PieceFacts } from "../../src/core/cost/stageFacts.ts";
import { stepsText } from "../../src/core/masks/schedule.ts";
import { element } from "../ui/element.ts";
import { count, share } from "./numbers.ts";

/** Labels of borders nearer to each other than this, as a share of the width, would overlap. */
const LABEL_SHARE = 0.14;

export class ScheduleChart {
  readonly element: HTMLElement;
  private readonly plot = element("div", { class: "schedule-plot" });
  private readonly borders = element("div", { class: "schedule-borders", "aria-hidden": "true" });
  private readonly now = element("span", { class: "schedule-now", "aria-hidden": "true" });
  private buttons: HTMLButtonElement[] = [];
  private pieces: readonly PieceFacts[] = [];
  private steps = 1;

  /** @param show asks for the batch of a step */
  constructor(show: (step: number) => void) {
    this.element = element(
      "div",
      { class: "schedule-chart", role: "group", "aria-label": "Mask rate over the steps of pretraining" },
      element(
        "div",
        { class: "schedule-axis", "aria-hidden": "true" },
        element("span", {}, "1"),
        element("span", {}, "0"),
      ),
      this.plot,
      this.borders,
    );
    this.plot.addEventListener("click", (event) => {
      const at = this.buttons.findIndex((button) => event.target instanceof Node && button.contains(event.target));
      if (at !== -1) show(this.pieces[at]!.from);
    });
    this.plot.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      const at = this.buttons.indexOf(event.target as HTMLButtonElement);
      if (move === undefined || at === -1) return;
      event.preventDefault();
      this.buttons[Math.min(this.buttons.length - 1, Math.max(0, at + move))]!.focus();
    });
  }

  /** @param steps of pretraining */
  update(pieces: readonly PieceFacts[], steps: number): void {
    this.pieces = pieces;
    this.steps = steps;
    while (this.buttons.length < pieces.length)
      this.buttons.push(element("button", { type: "button", class: "schedule-piece" }));
    this.buttons.length = pieces.length;
    for (const [i, piece] of pieces.entries()) this.show(this.buttons[i]!, piece);
    if (this.plot.childElementCount !== pieces.length + 1) this.plot.replaceChildren(...this.buttons, this.now);
    let last = Number.NEGATIVE_INFINITY;
    const labels = [0, ...pieces.map(({ until }) => until)].map((step) => {
      const at = step / steps;
      const label = element("span", { class: "schedule-border" }, count(step));
      label.style.setProperty("--at", String(at));
      label.classList.toggle("first", step === 0);
      label.classList.toggle("last", step === steps);
      // Neighbours too near for one line stand in two.
      const isNear = at - last < LABEL_SHARE;
      label.classList.toggle("lower", isNear);
      last = isNear ? Number.NEGATIVE_INFINITY : at;
      return label;
    });
    this.borders.replaceChildren(...labels);
  }

  /** Marks the step whose batch is looked at; null: none of pretraining's is. */
  mark(step: number | null): void {
    this.now.hidden = step === null || step > this.steps;
    if (step === null) {
      for (const button of this.buttons) button.setAttribute("aria-pressed", "false");
      return;
    }
    this.now.style.setProperty("--at", String(step / this.steps));
    this.pieces.forEach(({ from, until }, i) => {
      const holds = (step >= from && step < until) || (i === this.pieces.length - 1 && step >= until);
      this.buttons[i]!.setAttribute("aria-pressed", String(holds));
    });
  }

  private show(button: HTMLButtonElement, piece: PieceFacts): void {
    const { geometry, from, until } = piece;
    const rate = share(geometry.effectiveRate);
    button.style.setProperty("--from", String(from / this.steps));
    button.style.setProperty("--until", String(until / this.steps));
    button.style.setProperty("--rate", String(geometry.effectiveRate));
    button.replaceChildren(
      element("span", { class: "schedule-fill" }),
      element("span", { class: "schedule-rate" }, rate),
    );
    const seen = `S = ${count(geometry.visibleTokens)} of ${count(geometry.tokens)} tokens`;
    button.title = `${piece.name}, ${stepsText(piece)}: mask rate ${rate}, ${seen}. Show its first batch.`;
    button.setAttribute("aria-label", button.title);
  }
}
