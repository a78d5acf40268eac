/** Numbers as messages show them. */
import { numberText } from "./experiment/yamlText.ts";

/** Whole numbers with separators from 10,000 on; not for values a user types. */
export function count(value: number): string {
  const text = String(Math.round(value));
  return text.length < 5 || /e/.test(text) ? text : text.replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** A share of tokens to four digits, such as 0.8984. */
export function share(value: number): string {
  return String(Number(value.toFixed(4)));
}

/** Three significant digits. */
export function short(value: number): string {
  return numberText(Number(value.toPrecision(3)));
}

export function percent(value: number): string {
  const hundred = value * 100;
  return `${hundred < 10 ? short(Number(hundred.toPrecision(2))) : Math.round(hundred)} %`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

export function bytes(value: number): string {
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < BYTE_UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount >= 100 ? count(amount) : short(amount)} ${BYTE_UNITS[unit]}`;
}

/** Operations, such as 1.2 GFLOP. */
export function operations(value: number): string {
  const units: readonly [number, string][] = [
    [1e15, "PFLOP"],
    [1e12, "TFLOP"],
    [1e9, "GFLOP"],
    [1e6, "MFLOP"],
  ];
  const [size, unit] = units.find(([least]) => value >= least) ?? [1, "FLOP"];
  return `${short(value / size)} ${unit}`;
}

/** "1 token", "2 tokens". */
export function plural(amount: number, noun: string): string {
  return `${count(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

/** All divisors, ascending. */
export function divisors(value: number): number[] {
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 1; i * i <= value; i++) {
    if (value % i !== 0) continue;
    small.push(i);
    if (i * i !== value) large.unshift(value / i);
  }
  return [...small, ...large];
}

/** The one nearest to `wanted` by ratio; the smaller of two equally near. */
export function nearest(candidates: readonly number[], wanted: number): number | null {
  let best: number | null = null;
  for (const candidate of candidates) {
    const distance = Math.abs(Math.log(candidate / wanted));
    if (best === null || distance < Math.abs(Math.log(best / wanted))) best = candidate;
  }
  return best;
}
