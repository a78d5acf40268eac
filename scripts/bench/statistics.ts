/** Medians with their spread. */

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}

/** What was measured in one round, in which every engine had a turn. */
export interface Timed {
  readonly round: number;
  readonly perSecond: number;
}

/** Ratios of the rounds in which both were measured: a slow minute of the machine meets both. Null without such a round. */
export function pairedRatio(a: readonly Timed[], b: readonly Timed[]): Spread | null {
  const ratios = a.flatMap(({ round, perSecond }) => {
    const other = b.find((block) => block.round === round);
    return other ? [perSecond / other.perSecond] : [];
  });
  return ratios.length === 0 ? null : spread(ratios);
}
