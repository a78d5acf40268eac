/** Patterns for cells without a number, as plain lines: a named pattern of one picture would be taken for that of another on the same page. */
import { round } from "../../series/svgFrame.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const DISTANCE = 7;

/** Lines across a box. rising: from bottom left to top right. @returns data of a path */
export function hatch(box: Box, direction: "rising" | "falling" | "level"): string {
  const { x, y, width, height } = box;
  let d = "";
  if (direction === "level") {
    for (let at = DISTANCE; at < height; at += DISTANCE) d += `M${round(x)} ${round(y + at)}h${round(width)}`;
    return d;
  }
  // Of the diagonals u + v = at (rising), u the way to the right and v the way down; falling ones are their mirror images.
  for (let at = DISTANCE; at < width + height; at += DISTANCE) {
    const from = Math.max(0, at - height);
    const to = Math.min(at, width);
    const [u1, u2] = direction === "rising" ? [from, to] : [width - from, width - to];
    d += `M${round(x + u1)} ${round(y + at - from)}L${round(x + u2)} ${round(y + at - to)}`;
  }
  return d;
}
