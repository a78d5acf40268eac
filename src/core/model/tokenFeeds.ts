/** Which tokens of its images a network sees, as the inputs of its graphs that say so. */
import { extraTokens } from "./backbones.ts";
import { type ModelShape, tokenCount } from "./shape.ts";

export type TokenFeed = Int32Array | Float32Array;

/**
 * Values of the graphs' inputs that depend on the masks, by name: `positions` where hidden tokens are absent, `visible.kept`,
 * `visible.places` and `visible.isKept` (operations.ts, RowChoice) where they skip some blocks, none where nothing is hidden.
 * @param visible token indices of B images, ascending, [B · S]
 */
export function tokenFeeds(shape: ModelShape, visible: Int32Array, batchSize: number): Map<string, TokenFeed> {
  const [E, N, S] = [extraTokens(shape), tokenCount(shape), visible.length / batchSize];
  if (S === N) return new Map();
  const rows = visibleRows(visible, batchSize, E, shape.hidden.mode === "drop" ? 0 : E + N);
  if (shape.hidden.mode === "drop") return new Map([["positions", rows]]);
  const placeOf = new Int32Array(batchSize * (E + N));
  const isKept = new Float32Array(placeOf.length);
  rows.forEach((row, place) => {
    placeOf[row] = place;
    isKept[row] = 1;
  });
  return new Map<string, TokenFeed>([
    ["visible.kept", rows],
    ["visible.places", placeOf],
    ["visible.isKept", isKept],
  ]);
}

/**
 * Rows of each image's extra tokens and visible ones, [B · (E+S)].
 * @param perImage rows from one image to the next; 0 for a table that all of them look up
 */
function visibleRows(visible: Int32Array, batchSize: number, extra: number, perImage: number): Int32Array {
  const S = visible.length / batchSize;
  const rows = new Int32Array(batchSize * (extra + S));
  let i = 0;
  for (let b = 0; b < batchSize; b++) {
    for (let e = 0; e < extra; e++) rows[i++] = b * perImage + e;
    for (let s = 0; s < S; s++) rows[i++] = b * perImage + extra + visible[b * S + s]!;
  }
  return rows;
}
