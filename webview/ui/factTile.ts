/** A number with its name above it and what it means below; the style is facts.css. */
import { element } from "./element.ts";

export interface FactTile {
  readonly element: HTMLElement;
  set(value: string, detail: string, tone?: "good" | "bad"): void;
}

/** @param title what is shown on hover */
export function factTile(name: string, title: string): FactTile {
  const value = element("span", { class: "fact-value" }, "–");
  const detail = element("span", { class: "fact-detail" });
  const made = element(
    "div",
    { class: "fact", title, "data-tile": name.toLowerCase() },
    element("dt", {}, name),
    element("dd", {}, value, detail),
  );
  return {
    element: made,
    set(text, more, tone) {
      value.textContent = text;
      detail.textContent = more;
      made.dataset["tone"] = tone ?? "";
    },
  };
}
