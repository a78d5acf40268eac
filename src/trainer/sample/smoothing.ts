/** Preparing a noisy, long series for a chart. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Gaussian moving average over the points' order, centred, so that it does not lag behind; near the ends it averages what there is.
 * @param radius standard deviation of the weights, in points; 0 changes nothing
 */
export function smoothed(points: readonly Point[], radius: number): Point[] {
  const reach = Math.ceil(3 * radius);
  const weights = Array.from({ length: reach + 1 }, (_, i) => (i === 0 ? 1 : Math.exp(-0.5 * (i / radius) ** 2)));
  return points.map(({ x }, at) => {
    let sum = 0;
    let total = 0;
    for (let i = Math.max(0, at - reach); i <= Math.min(points.length - 1, at + reach); i++) {
      const weight = weights[Math.abs(i - at)]!;
      sum += weight * points[i]!.y;
      total += weight;
    }
    return { x, y: sum / total };
  });
}

/** Keeps the lowest and the highest point of each of `buckets` stretches of the series: its outline stays, its size is bounded. */
export function thinned(points: readonly Point[], buckets: number): Point[] {
  if (points.length <= 2 * buckets) return [...points];
  const kept: Point[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * points.length) / buckets);
    const end = Math.floor(((bucket + 1) * points.length) / buckets);
    let lowest = start;
    let highest = start;
    for (let i = start + 1; i < end; i++) {
      if (points[i]!.y < points[lowest]!.y) lowest = i;
      if (points[i]!.y > points[highest]!.y) highest = i;
    }
    for (const i of lowest === highest ? [lowest] : [Math.min(lowest, highest), Math.max(lowest, highest)]) {
      kept.push(points[i]!);
    }
  }
  return kept;
}

/** Averages of `count` stretches of the series of equal length; a shorter series stays as it is. */
export function averaged(points: readonly Point[], count: number): Point[] {
  if (points.length <= count) return [...points];
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * points.length) / count);
    const end = Math.floor(((i + 1) * points.length) / count);
    let x = 0;
    let y = 0;
    for (let at = start; at < end; at++) {
      x += points[at]!.x;
      y += points[at]!.y;
    }
    return { x: x / (end - start), y: y / (end - start) };
  });
}

/** The value that a share of the values lie below; the values need not be sorted. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
