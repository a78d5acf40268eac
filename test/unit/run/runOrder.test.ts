import { describe, expect, test } from "vitest";
import { compareNames, compareNewest, compareOldest, type PlacedRun } from "../../../src/core/run/runOrder.ts";

const made = (id: string, createdAt: string | null, queued = false): PlacedRun => ({ id, createdAt, queued });

describe("the order of runs", () => {
  const runs = [
    made("r10", "2026-01-01T00:00:00.000Z"),
    made("broken", null),
    made("r2", "2026-01-01T00:00:00Z"), // the same moment, written otherwise
    made("young", "2026-01-02T00:00:00Z"),
    made("waits", null, true),
    made("r1", "2026-01-01T00:00:00.000Z"),
    made("r100", "2026-01-01T00:00:00.000Z"),
  ];
  const ids = (order: typeof compareNewest) => [...runs].sort(order).map(({ id }) => id);

  test("is newest first, queued ones before all, then by name as people count", () => {
    expect(ids(compareNewest)).toEqual(["waits", "young", "r1", "r2", "r10", "r100", "broken"]);
  });

  test("from the oldest on goes by name in the same way", () => {
    expect(ids(compareOldest)).toEqual(["broken", "r1", "r2", "r10", "r100", "young", "waits"]);
  });

  test("tells names apart that differ in nothing but how they are written", () => {
    expect(compareNames("r1", "r01")).not.toBe(0);
    expect(Math.sign(compareNames("r1", "r01"))).toBe(-Math.sign(compareNames("r01", "r1")));
    expect(compareNames("a", "a")).toBe(0);
  });
});
