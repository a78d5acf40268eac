/** A message in a corner of the page that goes away by itself; the style is toast.css. */
import { element } from "./element.ts";

const SHOWN_MS = 8000;

export class Toast {
  readonly element = element("div", { class: "toast", role: "alert", hidden: "" });
  private timer: number | undefined;

  say(text: string): void {
    this.show(text, false);
  }

  /** Says why something that was asked for is not done. */
  readonly refuse = (error: unknown): void => {
    this.show(error instanceof Error ? error.message : String(error), true);
  };

  private show(text: string, isWrong: boolean): void {
    this.element.textContent = text;
    this.element.classList.toggle("wrong", isWrong);
    this.element.hidden = false;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.element.hidden = true;
    }, SHOWN_MS);
  }
}
