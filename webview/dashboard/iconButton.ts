/** Buttons that are an icon, and samples of lines. */
import { element } from "../ui/element.ts";
import { type IconName, icon } from "../ui/icons.ts";
import type { LineStyle } from "../ui/palette.ts";
import { shape } from "../ui/shape.ts";

/** @param label what it does: its tooltip, and its name for screen readers */
export function iconButton(name: IconName, label: string, act: () => void): HTMLButtonElement {
  const button = element(
    "button",
    { type: "button", class: "icon-button", title: label, "aria-label": label },
    icon(name),
  );
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    act();
  });
  return button;
}

export function setIcon(button: HTMLButtonElement, name: IconName): void {
  if (button.dataset["icon"] === name) return;
  button.dataset["icon"] = name;
  button.replaceChildren(icon(name));
}

/** A run's line as it is drawn in the charts. */
export function lineSample({ colour, dash }: LineStyle): SVGSVGElement {
  const dashes: Record<string, string> = dash.length === 0 ? {} : { "stroke-dasharray": dash.join(" ") };
  const size = { viewBox: "0 0 22 8", width: "22", height: "8", "aria-hidden": "true" };
  return shape("svg", size, shape("path", { d: "M0 4h22", stroke: colour, "stroke-width": "2.5", ...dashes }));
}
