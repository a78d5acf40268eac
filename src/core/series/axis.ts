/** Ticks of a chart's axes, at readable numbers. */

/** Multiples of 1, 2 or 5 times a power of ten, at most about `count`. */
export function linearTicks(low: number, high: number, count: number): number[] {
  return multiples(low, high, niceStep((high - low) / Math.max(1, count)));
}

/** The smallest of 1, 2 or 5 times a power of ten that is at least about so much. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
}

/** No axis has room for more. */
const MOST_TICKS = 1000;

/** The multiples of a step in a range. None where the step is too small for the numbers to differ by it, or is none. */
export function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  if (!(last - first < MOST_TICKS) || !Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return [];
  // Rounded to the step's own digits, so that 3 · 0.1 is 0.3.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(15)));
}

/** 1, 2, 5 of every decade where they fit, else the decades, else every second, third … of them; within a decade as on a linear axis. */
export function logarithmicTicks(low: number, high: number, count: number): number[] {
  if (decadeTicks(low, high, [1, 1.5, 2, 3, 4, 5, 6, 8], 1).length < 2) return linearTicks(low, high, count);
  for (const factors of [[1, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 5], [1]]) {
    const ticks = decadeTicks(low, high, factors, 1);
    if (ticks.length <= count) return ticks;
  }
  const decades = decadeTicks(low, high, [1], 1).length;
  return decadeTicks(low, high, [1], Math.ceil(decades / Math.max(1, count)));
}

function decadeTicks(low: number, high: number, factors: readonly number[], every: number): number[] {
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    if (exponent % every !== 0) continue;
    for (const factor of factors) {
      const tick = Number(`${factor}e${exponent}`);
      if (tick >= low * 0.999999 && tick <= high * 1.000001) ticks.push(tick);
    }
  }
  return ticks;
}

/** Digits of a label where no more are needed to tell ticks apart. */
const DIGITS = 4;
const MOST_DIGITS = 15;

/** Labels of these ticks: as formatTick, with as many digits as tell them apart. */
export function tickFormat(ticks: readonly number[]): (value: number) => string {
  const digits = digitsOf(ticks);
  return (value) => withDigits(value, digits);
}

/** Significant digits that tell ascending ticks apart. */
export function digitsOf(ticks: readonly number[]): number {
  let closest = Number.POSITIVE_INFINITY;
  for (let i = 1; i < ticks.length; i++) closest = Math.min(closest, ticks[i]! - ticks[i - 1]!);
  const largest = Math.max(...ticks.map(Math.abs));
  const needed = Math.ceil(Math.log10(largest / closest) - 1e-9) + 1;
  return Number.isFinite(needed) ? Math.min(MOST_DIGITS, Math.max(DIGITS, needed)) : DIGITS;
}

const UNITS = [
  [1e9, 1e9, "G"],
  [1e6, 1e6, "M"],
  [1e4, 1e3, "k"],
] as const;

/** 0.05, 1.5, 20k, 3M, 1e30, 2e−5: short, and without noise digits. */
export const formatTick = (value: number): string => withDigits(value, DIGITS);

/** The same of so many significant digits. */
export function withDigits(value: number, digits: number): string {
  const size = Math.abs(value);
  const rounded = (number: number): number => Number(number.toPrecision(digits));
  const unit = UNITS.find(([from]) => size >= from);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e12)
      ? rounded(value).toExponential().replace("+", "")
      : unit === undefined
        ? String(rounded(value))
        : `${rounded(value / unit[1])}${unit[2]}`;
  return text.replaceAll("-", "−");
}
