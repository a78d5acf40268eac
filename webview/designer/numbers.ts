/** Numbers as the page shows them. */
import { bytes, count, plural, share, short } from "../../src/core/numbers.ts";

export { bytes, count, plural, share, short };

/** One work over another, such as 1/9.3 or 100 %. */
export function relative(cost: number): string {
  return `${short(cost * 100)} %`;
}

export const signed = (value: number): string => `${value < 0 ? "−" : "+"}${short(Math.abs(value))}`;
