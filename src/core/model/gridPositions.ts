/** Fixed positions as the DiT has them (Peebles & Xie 2022): cosines and sines of a patch's column and row. */

import type { WidthUnit } from "./backbone.ts";

/** What width they need. */
export const GRID_POSITIONS_UNIT: WidthUnit = { multiple: 4, why: "positions are sines and cosines of column and row" };

/** Of one coordinate: sines, then cosines, of coordinate / 10000^(i / (width / 2)). */
function fill(out: Float32Array, start: number, width: number, coordinate: number): void {
  const half = width / 2;
  for (let i = 0; i < half; i++) {
    const angle = coordinate / 10_000 ** (i / half);
    out[start + i] = Math.sin(angle);
    out[start + half + i] = Math.cos(angle);
  }
}

/**
 * As in the published code, whose grid names the column first: the first half of the width tells the column, the second the row.
 * @param gridSize g, patches in a row
 * @param width D, a multiple of 4
 * @returns [g², D], patch index = row · g + column
 */
export function gridPositions(gridSize: number, width: number): Float32Array {
  const out = new Float32Array(gridSize * gridSize * width);
  for (let row = 0; row < gridSize; row++) {
    for (let column = 0; column < gridSize; column++) {
      const start = (row * gridSize + column) * width;
      fill(out, start, width / 2, column);
      fill(out, start + width / 2, width / 2, row);
    }
  }
  return out;
}
