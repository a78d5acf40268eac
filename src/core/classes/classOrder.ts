/** The order in which folders become classes, where nothing else says which number a class has. */
import { compareBytes } from "../compareBytes.ts";

const WHOLE_NUMBER = /^[0-9]+$/;

/**
 * Names that are whole numbers come first, by their value (2 before 10), then the others by the bytes of their names. Two names are
 * ordered without regard to the rest: a further folder moves others up, but never past each other.
 */
export function compareClassNames(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [WHOLE_NUMBER.test(a), WHOLE_NUMBER.test(b)];
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return (isNumber ? compareValues(a, b) : 0) || compareBytes(a, b);
}

/** Numbers of any length, by value. */
function compareValues(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length - y.length || compareBytes(x, y);
}
