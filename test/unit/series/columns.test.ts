import { describe, expect, it } from "vitest";
import type { MetricsLine, StepMetrics } from "../../../src/core/run/metrics.ts";
import { MetricsSeries } from "../../../src/core/run/metricsSeries.ts";
import { AXES, lowerBound, RunColumns } from "../../../src/core/series/columns.ts";

const step = (at: number, change: Partial<StepMetrics> = {}): StepMetrics => ({
  type: "step",
  step: at,
  images: 8 * at,
  seconds: at / 4,
  loss: 1 / at,
  lossByTimestep: [0.1, null, 0.3, 0.4],
  lr: 1e-3,
  gradNorm: 2,
  imagesPerSecond: 32,
  dataWaitSeconds: 0.125,
  memoryBytes: 1000,
  ...change,
});

/** A small generator of its own, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const stepsOf = (columns: RunColumns): number[] => [...columns.axis("step").subarray(0, columns.length)];

describe("RunColumns", () => {
  it("holds the same steps as MetricsSeries, whatever is resumed, over its growing", () => {
    const next = random(5);
    const columns = new RunColumns(0);
    const series = new MetricsSeries();
    let at = 0;
    let longest = 0;
    for (let round = 0; round < 400; round++) {
      const lines: MetricsLine[] = [];
      for (let i = 0; i < next() * 40; i++) lines.push(step(++at, { loss: next() < 0.1 ? null : next() }));
      if (next() < 0.01) {
        at = Math.floor(at * next());
        lines.push({ type: "resume", step: at });
      }
      longest = Math.max(longest, columns.length);
      const before = stepsOf(columns);
      const changed = columns.add(lines);
      series.add(lines);
      const now = stepsOf(columns);
      expect(now).toEqual(series.steps.map((line) => line.step));
      expect(now.slice(0, changed)).toEqual(before.slice(0, changed));
      const losses = [...columns.measure("loss").subarray(0, columns.length)];
      expect(losses).toEqual(series.steps.map((line) => Math.fround(line.loss ?? Number.NaN)));
    }
    expect(longest).toBeGreaterThan(1024);
  });

  it("holds ascending steps and axes, however lines go back and are dealt out", () => {
    const next = random(11);
    const lines: MetricsLine[] = [];
    let at = 0;
    for (let i = 0; i < 6000; i++) {
      at = Math.max(1, at + (next() < 0.02 ? -Math.floor(300 * next()) : 1 + Math.floor(3 * next())));
      lines.push(step(at, { loss: i, seconds: next() < 0.05 ? 1000 * next() : at / 4 }));
      if (next() < 0.002) lines.push({ type: "resume", step: Math.floor(at * next()) });
    }
    // The rule as docs/run-format.md has it, line by line.
    const losses = new Map<number, number>();
    for (const line of lines) {
      if (line.type === "step") losses.set(line.step, line.loss!);
      else for (const known of losses.keys()) if (known > line.step) losses.delete(known);
    }
    const expected = [...losses].sort(([a], [b]) => a - b);
    const columns = new RunColumns(0);
    const copy = (): number[][] =>
      [...AXES.map((axis) => columns.axis(axis)), columns.measure("loss")].map((all) => [
        ...all.subarray(0, columns.length),
      ]);
    for (let from = 0; from < lines.length; ) {
      const before = copy();
      const until = from + Math.floor(200 * next() ** 3);
      const changed = columns.add(lines.slice(from, until));
      from = until;
      const now = copy();
      expect(now.map((all) => all.slice(0, changed))).toEqual(before.map((all) => all.slice(0, changed)));
      for (const axis of now.slice(0, -1))
        expect(axis.every((value, i) => i === 0 || value >= axis[i - 1]!)).toBe(true);
    }
    expect(stepsOf(columns)).toEqual(expected.map(([number]) => number));
    expect([...columns.measure("loss").subarray(0, columns.length)]).toEqual(expected.map(([, loss]) => loss));
    const whole = new RunColumns(0);
    whole.add(lines);
    expect(copy()).toEqual(
      [...AXES.map((axis) => whole.axis(axis)), whole.measure("loss")].map((all) => [...all.subarray(0, whole.length)]),
    );
  });

  it("lets an axis that goes back stand still, and go on where the line that did so is replaced", () => {
    const columns = new RunColumns(0);
    columns.add([step(1), step(2, { seconds: 100 }), step(3), step(4)]);
    expect([...columns.axis("seconds").subarray(0, 4)]).toEqual([0.25, 100, 100, 100]);
    expect(columns.add([step(2)])).toBe(1);
    expect([...columns.axis("seconds").subarray(0, 4)]).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it("reads a long file that begins again with other steps in time", () => {
    const columns = new RunColumns(0);
    const batch = (from: number, stride: number) => Array.from({ length: 1000 }, (_, i) => step(from + stride * i));
    for (let i = 0; i < 60; i++) columns.add(batch(1 + 10_000 * i, 10));
    const began = performance.now();
    for (let i = 0; i < 60; i++) columns.add(batch(3 + 7000 * i, 7));
    expect(performance.now() - began).toBeLessThan(3000);
    expect(columns.length).toBe(60_000 + 60_000 - 6000);
  });

  it("holds numbers beyond a Float32, and times beyond a Date, as the largest there are", () => {
    const columns = new RunColumns(0);
    columns.add([step(1, { loss: 1e300, gradNorm: -1e300, seconds: 1e300 }), step(2, { loss: 1e-30 })]);
    expect(Number.isFinite(columns.measure("loss")[0]!)).toBe(true);
    expect(columns.measure("gradNorm")[0]).toBeLessThan(-1e38);
    expect(columns.measure("loss")[1]).toBeGreaterThan(0);
    expect(new Date(columns.axis("time")[0]!).toISOString()).toContain("275760");
  });

  it("names the first changed row", () => {
    const columns = new RunColumns(0);
    expect(columns.add([step(1), step(2), step(3)])).toBe(0);
    expect(columns.add([step(4)])).toBe(3);
    expect(columns.add([{ type: "resume", step: 2 }, step(3)])).toBe(2);
    expect(columns.add([])).toBe(columns.length);
  });

  it("derives the share of time that waited for images, and keeps unknowns as NaN", () => {
    const columns = new RunColumns(0);
    columns.add([step(1), step(2, { memoryBytes: null, gradNorm: null })]);
    expect([...columns.measure("dataWait").subarray(0, 2)]).toEqual([0.5, 0.5]);
    expect(columns.measure("memory")[1]).toBeNaN();
    expect(columns.measure("gradNorm")[1]).toBeNaN();
    expect(columns.measure("loss1")[0]).toBeNaN();
    expect(columns.measure("loss2")[0]).toBe(Math.fround(0.3));
  });

  it("puts a resumed session at its own time of the clock, and never runs backwards", () => {
    const start = Date.parse("2026-01-01T00:00:00.000Z");
    const columns = new RunColumns(start);
    columns.add([step(4), { type: "resume", step: 4, time: "2026-01-01T02:00:00.000Z" }, step(8)]);
    expect([...columns.axis("time").subarray(0, 2)]).toEqual([start + 1000, start + 7_200_000 + 1000]);
    columns.add([{ type: "resume", step: 8, time: "2025-01-01T00:00:00.000Z" }, step(12)]);
    expect(columns.axis("time")[2]).toBe(columns.axis("time")[1]);
  });

  it("starts over when it is cleared", () => {
    const columns = new RunColumns(7);
    columns.add([step(1), { type: "resume", step: 1, time: "2026-01-01T02:00:00.000Z" }]);
    columns.clear();
    expect(columns.add([step(4)])).toBe(0);
    expect(AXES.map((axis) => columns.axis(axis)[0])).toEqual([4, 32, 1, 1007]);
  });
});

describe("lowerBound", () => {
  it("is the first index that is not below", () => {
    const values = Float64Array.of(1, 2, 2, 5, 99);
    expect([0, 2, 3, 6].map((value) => lowerBound(values, 4, value))).toEqual([0, 1, 3, 4]);
    expect(lowerBound(values, 4, 0, 2)).toBe(2);
  });
});
