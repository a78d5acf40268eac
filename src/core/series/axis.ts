/** Axes of a chart: from values to positions, and ticks at readable numbers. */

export interface Axis {
  /** position of a value */
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

export interface AxisOptions {
  /** smallest and largest value shown */
  readonly range: readonly [low: number, high: number];
  /** their positions */
  readonly positions: readonly [low: number, high: number];
  readonly logarithmic: boolean;
  /** about how many ticks fit */
  readonly tickCount: number;
  readonly format?: (value: number) => string;
}

/** A logarithmic axis needs a range above 0. An empty range is widened. */
export function makeAxis(options: AxisOptions): Axis {
  const { logarithmic, tickCount, format = formatTick } = options;
  const [low, high] = widened(options.range, logarithmic);
  const [from, to] = options.positions;
  const along = logarithmic ? Math.log : (value: number) => value;
  const length = along(high) - along(low);
  return {
    at: (value) => from + ((along(value) - along(low)) / length) * (to - from),
    ticks: logarithmic ? logarithmicTicks(low, high, tickCount) : linearTicks(low, high, tickCount),
    format,
  };
}

function widened([low, high]: readonly [number, number], logarithmic: boolean): [number, number] {
  if (high > low) return [low, high];
  if (logarithmic) return [low / 1.5, low * 1.5];
  const by = low === 0 ? 1 : Math.abs(low) * 0.5;
  return [low - by, low + by];
}

/** Multiples of 1, 2 or 5 times a power of ten, at most about `count`. */
export function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    // Rounded to the step's own digits, so that 3 · 0.1 is 0.3.
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/** 1, 2, 5 of every decade where they fit, else the decades, else every second, third … of them. */
export function logarithmicTicks(low: number, high: number, count: number): number[] {
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

/** 0.05, 1.5, 20k, 3M: short, and without noise digits. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  for (const [unit, name] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    if (size >= unit) {
      const scaled = name === "k" ? value / 1e3 : value / unit;
      return `${Number(scaled.toPrecision(4))}${name}`;
    }
  }
  if (size !== 0 && size < 1e-4) return value.toExponential().replace("e-", "e−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}
