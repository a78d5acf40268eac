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
 * @param grid patches along the sides
 * @param width D, a multiple of 4
 * @returns [rows · columns, D], patch index = row · columns + column
 */
export function gridPositions(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  width: number,
): Float32Array {
  const out = new Float32Array(rows * columns * width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const start = (row * columns + column) * width;
      fill(out, start, width / 2, column);
      fill(out, start + width / 2, width / 2, row);
    }
  }
  return out;
}
