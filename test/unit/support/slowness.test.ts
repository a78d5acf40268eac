import { expect, it } from "vitest";
import { SLOWEST, slowness } from "../../support/slowness.ts";

/** A clock that goes on by the same time whenever it is read. */
function clockOf(milliseconds: number): () => number {
  let now = 0;
  return () => (now += milliseconds);
}

it("slowness stretches a bound as far as the machine is slow, but not without end", () => {
  expect(slowness(clockOf(0.01))).toBe(1);
  expect(slowness(clockOf(20))).toBe(4);
  expect(slowness(clockOf(60_000))).toBe(SLOWEST);
});
