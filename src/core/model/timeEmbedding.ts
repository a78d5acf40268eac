/** Sinusoidal embedding of the integer timesteps (method section 5): cosines first, then sines, longest period 10000. */

/**
 * @param timesteps [B]
 * @param width D, even
 * @returns [B, D]
 */
export function timeEmbedding(timesteps: Int32Array, width: number): Float32Array {
  const half = width / 2;
  const out = new Float32Array(timesteps.length * width);
  for (let i = 0; i < half; i++) {
    const frequency = Math.exp((-Math.log(10_000) * i) / half);
    timesteps.forEach((t, b) => {
      out[b * width + i] = Math.cos(t * frequency);
      out[b * width + half + i] = Math.sin(t * frequency);
    });
  }
  return out;
}
