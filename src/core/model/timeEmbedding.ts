/** Sinusoidal embedding of the integer timesteps (method section 5): cosines first, then sines, longest period 10000. */

/**
 * @param timesteps [B]; equal ones, as in sampling, are computed once
 * @param width D, even
 * @returns [B, D]
 */
export function timeEmbedding(timesteps: Int32Array, width: number): Float32Array {
  const half = width / 2;
  const frequencies = Float64Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10_000) * i) / half));
  const out = new Float32Array(timesteps.length * width);
  const rows = new Map<number, number>();
  timesteps.forEach((t, b) => {
    const start = b * width;
    const same = rows.get(t);
    if (same !== undefined) {
      out.copyWithin(start, same, same + width);
      return;
    }
    rows.set(t, start);
    frequencies.forEach((frequency, i) => {
      out[start + i] = Math.cos(t * frequency);
      out[start + half + i] = Math.sin(t * frequency);
    });
  });
  return out;
}
