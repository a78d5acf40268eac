/** The band of a measure that has an error: its 95 % interval, as if errors were normal. */
import { round } from "./svgFrame.ts";

/** Half of it, in standard errors. */
const HALF = 1.96;

/** What the band is, for people. */
export const BAND_TEXT = "95 % interval, 1.96 standard errors to each side";

/**
 * One edge of the band; NaN where a value or its error is.
 * @param length how many of the values count
 */
export function bandEdge(
  values: Float32Array,
  errors: Float32Array,
  length: number,
  edge: "low" | "high",
): Float32Array {
  const by = edge === "low" ? -HALF : HALF;
  return Float32Array.from({ length }, (_, i) => values[i]! + by * errors[i]!);
}

interface Points {
  readonly xs: Float64Array;
  readonly ys: Float32Array;
  readonly length: number;
}

/** Where both of its edges are. */
export interface Band {
  readonly low: Points;
  readonly high: Points;
}

/** Outline of a band as SVG path data: along one edge and back along the other. Empty where there is no band. */
export function bandPath({ low, high }: Band, toX: (x: number) => number, toY: (y: number) => number): string {
  const along = ({ xs, ys, length }: Points): string[] =>
    Array.from({ length }, (_, i) => i)
      .filter((i) => !Number.isNaN(ys[i]!))
      .map((i) => `${round(toX(xs[i]!))} ${round(toY(ys[i]!))}`);
  const corners = [...along(high), ...along(low).reverse()];
  return corners.length === 0 ? "" : `M${corners.join("L")}Z`;
}
