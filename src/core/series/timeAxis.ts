/** Ticks of axes that count time: at whole seconds, minutes, hours and days. */
import { formatTick, multiples, niceStep } from "./axis.ts";

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** From here on the hours of a duration, and the days of a date, are too exact. */
const MANY_DAYS = 1000;
/** distances between ticks, in seconds */
const INTERVALS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 56, 112, 364].map((n) => n * DAY),
];

export interface TimeTicks {
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

function interval(seconds: number, count: number): number {
  const rough = seconds / Math.max(1, count);
  if (rough < SECOND) return niceStep(rough);
  return INTERVALS.find((candidate) => candidate >= rough * 0.999) ?? niceStep(rough / DAY) * DAY;
}

/** Ticks of a span of time in seconds: 0, 30s, 1m, 1h 30m, 2d. */
export function durationTicks(low: number, high: number, count: number): TimeTicks {
  return { ticks: multiples(low, high, interval(high - low, count)), format: shortDuration };
}

/** 90 -> "1m 30s", 5400 -> "1h 30m". Whole seconds unless it is shorter than a few. */
export function shortDuration(seconds: number): string {
  if (seconds < 0) return `−${shortDuration(-seconds)}`;
  if (seconds < 10 && !Number.isInteger(seconds)) return `${Number(seconds.toPrecision(3))}s`;
  const whole = Math.round(seconds);
  if (whole >= MANY_DAYS * DAY) return `${formatTick(whole / DAY)}d`;
  const parts: [number, string][] = [
    [Math.floor(whole / DAY), "d"],
    [Math.floor((whole % DAY) / HOUR), "h"],
    [Math.floor((whole % HOUR) / MINUTE), "m"],
    [whole % MINUTE, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0s";
  // Two units are as exact as anybody reads.
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => value + unit)
    .join(" ");
}

/**
 * Ticks of a wall clock in milliseconds since 1970, at round local times.
 * @param offsetMinutes what the local clock is ahead of UTC
 */
export function clockTicks(low: number, high: number, count: number, offsetMinutes: number): TimeTicks {
  const step = 1000 * interval((high - low) / 1000, count);
  const offset = offsetMinutes * MINUTE * 1000;
  const ticks = multiples(low + offset, high + offset, step).map((tick) => tick - offset);
  const two = (value: number): string => String(value).padStart(2, "0");
  const format = (value: number): string => {
    const local = new Date(value + offset);
    if (high - low >= MANY_DAYS * DAY * 1000) return `${local.getUTCFullYear()}-${two(local.getUTCMonth() + 1)}`;
    const day = `${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`;
    const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
    if (step >= DAY * 1000) return day;
    if (step < MINUTE * 1000) return `${clock}:${two(local.getUTCSeconds())}`;
    return local.getUTCHours() === 0 && local.getUTCMinutes() === 0 ? day : clock;
  };
  return { ticks, format };
}
