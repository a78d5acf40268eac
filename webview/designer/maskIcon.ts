import { shape } from "../ui/shape.ts";

/** A picture of a mask of 8 x 8 tokens: `visible` ones stand out. */
export function maskIcon(visible: Int32Array): SVGSVGElement {
  const svg = shape("svg", { viewBox: "0 0 40 40", class: "mask-icon", "aria-hidden": "true" });
  const shown = new Set(visible);
  for (let token = 0; token < 64; token++) {
    const [x, y] = [(token % 8) * 5, Math.floor(token / 8) * 5];
    svg.append(
      shape("rect", {
        x: String(x + 0.4),
        y: String(y + 0.4),
        width: "4.2",
        height: "4.2",
        rx: "0.6",
        class: shown.has(token) ? "token visible" : "token",
      }),
    );
  }
  return svg;
}
