/** Small pictures: icons of 16 pixels, and samples of lines. */
import { element } from "../ui/element.ts";
import type { LineStyle } from "../ui/palette.ts";
import { shape } from "../ui/shape.ts";

const PATHS = {
  stop: "M4 4h8v8H4z",
  resume: "M4.5 3v10l8-5z",
  folder: "M1.5 3.5h4.6l1.5 1.7h6.9v7.8h-13z",
  config: "M3 1.5h6.5L13 5v9.5H3zM9 1.5V5.5h4M5.5 8h5M5.5 10.5h5",
  remove: "M4 4l8 8M12 4l-8 8",
  reset: "M3.2 8a4.8 4.8 0 1 0 1.6-3.6M4.8 1.6v3h3",
  log: "M2 2v12h12M4 11c1-6 3-7 9-7.5",
  enlarge: "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5L7 9",
  reduce: "M13.5 6.5h-4v-4M9.5 6.5L14 2M2.5 9.5h4v4M6.5 9.5L2 14",
  export: "M8 2v8M5 7l3 3 3-3M2.5 11v2.5h11V11",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  add: "M8 3v10M3 8h10",
  evaluate: "M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5L1.2 9a2 2 0 0 0 3.6 0zM13 4.5L11.2 9a2 2 0 0 0 3.6 0z",
  neighbours: "M1.5 4h6v8h-6zM8.5 4h6v8h-6z",
} as const;
export type IconName = keyof typeof PATHS;
const FILLED = new Set<IconName>(["stop", "resume"]);

function svg(width: number, height: number, attributes: Readonly<Record<string, string>>, d: string): SVGSVGElement {
  const size = { viewBox: `0 0 ${width} ${height}`, width: `${width}`, height: `${height}` };
  return shape("svg", { ...size, "aria-hidden": "true" }, shape("path", { d, ...attributes }));
}

export function icon(name: IconName): SVGSVGElement {
  const colour = FILLED.has(name) ? { fill: "currentColor" } : { fill: "none", stroke: "currentColor" };
  return svg(
    16,
    16,
    { ...colour, "stroke-width": "1.2", "stroke-linecap": "round", "stroke-linejoin": "round" },
    PATHS[name],
  );
}

/** @param label what it does: its tooltip, and its name for screen readers */
export function iconButton(name: IconName, label: string, act: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "icon", title: label, "aria-label": label }, icon(name));
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
  return svg(22, 8, { stroke: colour, "stroke-width": "2.5", fill: "none", ...dashes }, "M0 4h22");
}
