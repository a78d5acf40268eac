/** Small drawings of 16 pixels, in the colour of the text around them; the style is icons.css. */
import { shape } from "./shape.ts";

const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4.5 3v10M11.5 3v10",
  previous: "M10.5 3 5.5 8l5 5",
  next: "M5.5 3l5 5-5 5",
  first: "M11.5 3l-5 5 5 5M4.5 3v10",
  reset: "M3.5 6.5A5 5 0 1 1 3 9M3.5 2.5v4h4",
  info: "M8 7.2v4.3M8 4.6v.9M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z",
  error: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  warning: "M8 2.2 14.4 13.5H1.6zM8 6.2v3.6M8 11.1v.9",
  lightbulb: "M6 12.2h4M6.5 14.2h3M8 1.8a4.3 4.3 0 0 0-2.4 7.9c.5.4.6.8.6 1.3h3.6c0-.5.1-.9.6-1.3A4.3 4.3 0 0 0 8 1.8z",
  chevron: "M6 3.5 10.5 8 6 12.5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  grid: "M2.5 2.5h11v11h-11zM6.2 2.5v11M9.8 2.5v11M2.5 6.2h11M2.5 9.8h11",
  ablation: "M2.5 2.5h4.6v4.6H2.5zM8.9 2.5h4.6v4.6H8.9zM2.5 8.9h4.6v4.6H2.5zM11.2 9v4.5M9 11.2h4.5",
  gauge: "M2 11.5a6 6 0 1 1 12 0M8 11.5l3-4",
  text: "M3 4h10M3 8h10M3 12h6",
  stop: "M4 4h8v8H4z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  export: "M8 2v8M5 7l3 3 3-3M2.5 11v2.5h11V11",
  remove: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  open: "M9 2.5h4.5V7M13.5 2.5 8 8M7 3.5H3.5v9h9V9",
  folder: "M1.5 3.5h4.6l1.5 1.7h6.9v7.8h-13z",
  config: "M3 1.5h6.5L13 5v9.5H3zM9 1.5V5.5h4M5.5 8h5M5.5 10.5h5",
  log: "M2 2v12h12M4 11c1-6 3-7 9-7.5",
  enlarge: "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5L7 9",
  reduce: "M13.5 6.5h-4v-4M9.5 6.5L14 2M2.5 9.5h4v4M6.5 9.5L2 14",
  evaluate: "M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5L1.2 9a2 2 0 0 0 3.6 0zM13 4.5L11.2 9a2 2 0 0 0 3.6 0z",
  neighbours: "M1.5 4h6v8h-6zM8.5 4h6v8h-6z",
} as const;
export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const attributes = { viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true" };
  return shape("svg", attributes, shape("path", { d: PATHS[name] }));
}
