/** How often each token is visible: what a strategy gives on average, and counts over actual draws. */
import type { MaskGeometry } from "./masks.ts";

/**
 * Probability that a token is visible, [N]. S/N everywhere for patch, block and stratified; crop shows the middle more often than the edges,
 * as more windows hold it: of the (g-c+1)² places, those that hold row y are min(y, g-c) - max(0, y-c+1) + 1.
 */
export function visibilityProbability(geometry: MaskGeometry): Float64Array {
  const { gridSize: g, tokens, visibleTokens, cropSize: c } = geometry;
  const probability = new Float64Array(tokens).fill(visibleTokens / tokens);
  if (geometry.strategy !== "crop") return probability;
  const places = g - c + 1;
  const along = Float64Array.from({ length: g }, (_, y) => (Math.min(y, g - c) - Math.max(0, y - c + 1) + 1) / places);
  for (let y = 0; y < g; y++) for (let x = 0; x < g; x++) probability[y * g + x] = along[y]! * along[x]!;
  return probability;
}

/** What a count of draws says. */
export interface VisibilitySummary {
  /** smallest and largest share of the draws in which a token was visible */
  readonly least: number;
  readonly most: number;
  /** the token whose share is farthest from its probability, and by how much (signed) */
  readonly farthestToken: number;
  readonly deviation: number;
  /** the deviation in standard deviations of a share of that many draws; 0 where the probability is 0 or 1 */
  readonly sigmas: number;
}

/**
 * @param counts draws in which each token was visible, [N]
 * @param draws how many there were, at least 1
 */
export function summarizeVisibility(geometry: MaskGeometry, counts: Uint32Array, draws: number): VisibilitySummary {
  const probability = visibilityProbability(geometry);
  let least = 1;
  let most = 0;
  let farthest = { token: 0, deviation: 0, sigmas: 0 };
  counts.forEach((count, token) => {
    const share = count / draws;
    least = Math.min(least, share);
    most = Math.max(most, share);
    const p = probability[token]!;
    const deviation = share - p;
    const spread = Math.sqrt((p * (1 - p)) / draws);
    const sigmas = spread > 0 ? deviation / spread : 0;
    if (Math.abs(deviation) > Math.abs(farthest.deviation)) farthest = { token, deviation, sigmas };
  });
  return { least, most, farthestToken: farthest.token, deviation: farthest.deviation, sigmas: farthest.sigmas };
}
