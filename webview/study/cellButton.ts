/** One cell of the grid. */
import type { CellState } from "../../src/core/study/cellState.ts";
import { element } from "../ui/element.ts";
import { type StateKind, stateIcon, stateSentence, stateText } from "./stateLook.ts";

export class CellButton {
  readonly element: HTMLButtonElement;
  private readonly text = element("span", { class: "cell-text" });
  private readonly bar = element("span", { class: "cell-bar", "aria-hidden": "true" });
  private kind: StateKind | null = null;

  /** @param name configuration and seed */
  constructor(
    cell: number,
    private readonly name: string,
  ) {
    this.element = element("button", { type: "button", class: "cell", tabindex: "-1", "data-cell": String(cell) });
  }

  show(state: CellState): void {
    if (state.kind !== this.kind) {
      this.kind = state.kind;
      this.element.dataset["state"] = state.kind;
      this.element.replaceChildren(this.bar, stateIcon(state.kind), this.text);
    }
    this.text.textContent = stateText(state);
    const share = state.kind === "training" || state.kind === "evaluating" ? state.share : null;
    this.bar.style.setProperty("--share", String(share ?? 0));
    this.element.classList.toggle("queued", state.kind === "training" && state.queued);
    this.element.setAttribute("aria-label", `${this.name}: ${stateSentence(state)}`);
  }
}
