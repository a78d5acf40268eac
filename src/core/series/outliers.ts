/** Values out of all proportion to the others of their line, which would squash a chart that shows them. */

/** Of a line's values these percentiles make the band that most of them lie in, as in TensorBoard. */
const BAND = [0.05, 0.95] as const;
/** Lengths of the band, beyond its ends, in which a value still belongs to the picture: the high loss of a run's start does. */
const REACH = 4;
/** Of fewer values, 5 % is less than one: only what is a thousand times as large is told apart. */
const FEW = 20;
const REACH_OF_FEW = 999;
/** Length in decades that a band on a logarithmic axis has at least: a factor of five. */
const SHORTEST_DECADES = 0.7;
/** So many values tell where the band lies. */
const SAMPLE = 1000;

export interface Scale {
  readonly logarithmic: boolean;
  /** the axis begins at 0 unless it is logarithmic */
  readonly fromZero: boolean;
}

/**
 * Between which bounds the values of a line lie that are no outliers. The band from the 5th to the 95th percentile, on the axis's own
 * scale, is extended at both ends by four times its length; its length counts as the size of its larger end at least (a factor of
 * five on a logarithmic axis). So of values above 0 on a linear axis, those beyond five times the 95th percentile are outliers.
 * @param from first index that counts
 * @param to index after the last
 * @returns null: no value there can be shown on the axis
 */
export function outlierBounds(
  values: ArrayLike<number>,
  scale: Scale,
  from = 0,
  to = values.length,
): [low: number, high: number] | null {
  const sorted = sample(values, scale.logarithmic, from, to);
  const last = sorted.length - 1;
  if (last < 0) return null;
  let high = sorted[Math.floor(BAND[1] * last)]!;
  let low = sorted[Math.min(Math.ceil(BAND[0] * last), Math.floor(BAND[1] * last))]!;
  if (scale.logarithmic) {
    const reach = REACH * Math.max(high - low, SHORTEST_DECADES);
    return [10 ** (low - reach), 10 ** (high + reach)];
  }
  if (scale.fromZero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  const reach = (sorted.length < FEW ? REACH_OF_FEW : REACH) * Math.max(high - low, Math.abs(low), Math.abs(high));
  // Of nearly nothing but zeros everything else tells something.
  return reach === 0 ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : [low - reach, high + reach];
}

/** Values at equal distances, ascending, on the axis's scale; what it cannot show is left out. */
function sample(values: ArrayLike<number>, logarithmic: boolean, from: number, to: number): Float64Array {
  // Odd: a thinned line has low and high values in turn.
  const stride = 2 * Math.floor((to - from) / SAMPLE / 2) + 1;
  const kept = new Float64Array(Math.max(0, Math.ceil((to - from) / stride)));
  let count = 0;
  for (let i = from; i < to; i += stride) {
    const value = values[i]!;
    if (Number.isFinite(value) && !(logarithmic && value <= 0)) kept[count++] = logarithmic ? Math.log10(value) : value;
  }
  return kept.subarray(0, count).sort();
}

/** What is this many times as large as nearly all others is never averaged with them. */
const AVERAGED = 100;

/**
 * The size up to which a line's values are averaged, a power of ten between 100 and 1,000 times what 95 % of them are below: one value of 1e30
 * would be all that is left of an average around it. A power of ten, since what was averaged has to be done again where it changes.
 */
export function averagingLimit(values: ArrayLike<number>, length: number): number {
  const stride = Math.max(1, Math.floor(length / SAMPLE));
  const sizes = new Float64Array(Math.ceil(length / stride));
  let count = 0;
  for (let i = 0; i < length; i += stride) if (Number.isFinite(values[i])) sizes[count++] = Math.abs(values[i]!);
  const usual = count === 0 ? 0 : sizes.subarray(0, count).sort()[Math.floor(BAND[1] * (count - 1))]!;
  return usual === 0 ? Number.POSITIVE_INFINITY : 10 ** Math.ceil(Math.log10(AVERAGED * usual));
}
