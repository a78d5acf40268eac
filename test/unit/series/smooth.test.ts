import { describe, expect, it } from "vitest";
import { SMOOTHING_STEPS, SmoothedSeries, suitableSmoothing } from "../../../src/core/series/smooth.ts";
import { slowness } from "../../support/slowness.ts";

const steps = (length: number, interval = 1): Float64Array =>
  Float64Array.from({ length }, (_, i) => interval * (i + 1));

/** The definition, point by point. */
function reference(at: Float64Array, raw: Float32Array, tau: number): number[] {
  return Array.from(at, (x, i) => {
    if (Number.isNaN(raw[i]!)) return Number.NaN;
    let sum = 0;
    let weight = 0;
    for (let j = 0; j < at.length; j++) {
      if (Number.isNaN(raw[j]!)) continue;
      const w = Math.exp(-Math.abs(at[j]! - x) / tau);
      sum += w * raw[j]!;
      weight += w;
    }
    return sum / weight;
  });
}

describe("SmoothedSeries", () => {
  it("is the weighted mean of its definition, gaps and uneven steps included", () => {
    const at = Float64Array.from({ length: 400 }, (_, i) => i + 3 * Math.floor(i / 7));
    const raw = Float32Array.from(at, (_, i) => (i % 50 === 9 ? Number.NaN : Math.sin(i / 9) + (i % 3)));
    const smoothed = new SmoothedSeries(12);
    smoothed.update(at, raw, at.length, 0);
    const expected = reference(at, raw, 12);
    expected.forEach((value, i) => {
      if (Number.isNaN(value)) expect(smoothed.values[i]).toBeNaN();
      else expect(smoothed.values[i]).toBeCloseTo(value, 5);
    });
  });

  it("averages around one value out of all proportion, which stays what it is, however the series came", () => {
    const at = steps(1000);
    const raw = Float32Array.from(at, (x) => 0.1 + 0.01 * (x % 3));
    const clean = new SmoothedSeries(10);
    clean.update(at, raw, 1000, 0);
    const expected = Float32Array.from(clean.values);
    raw[500] = 1e30;
    const whole = new SmoothedSeries(10);
    whole.update(at, raw, 1000, 0);
    const grown = new SmoothedSeries(10);
    for (let length = 1; length <= 1000; length += 37) grown.update(at, raw, length, Math.max(0, length - 37));
    grown.update(at, raw, 1000, 963);
    for (const { values } of [whole, grown]) {
      expect(values[500]).toBe(Math.fround(1e30));
      for (let i = 0; i < 1000; i++) if (i !== 500) expect(values[i]).toBeCloseTo(expected[i]!, 2);
    }
  });

  it("does not lag: a straight line stays one, and runs that log less often are smoothed alike", () => {
    const often = new SmoothedSeries(20);
    const at = steps(1000);
    often.update(
      at,
      Float32Array.from(at, (x) => x),
      1000,
      0,
    );
    expect(often.values[500]).toBeCloseTo(501, 2);
    const seldom = new SmoothedSeries(20);
    const tenth = steps(100, 10);
    const wave = (x: number): number => Math.sin(x / 60);
    seldom.update(tenth, Float32Array.from(tenth, wave), 100, 0);
    often.update(at, Float32Array.from(at, wave), 1000, 0);
    expect(seldom.values[49]).toBeCloseTo(often.values[499]!, 1);
  });

  it("grows to the same values as all at once, and computes only the end again", () => {
    const at = steps(5000);
    const raw = Float32Array.from(at, (x) => Math.sin(x / 30) + (x % 7) / 10);
    const whole = new SmoothedSeries(15);
    whole.update(at, raw, 5000, 0);
    const grown = new SmoothedSeries(15);
    grown.update(at, raw, 3000, 0);
    const from = grown.update(at, raw, 5000, 3000);
    expect(from).toBeGreaterThan(2800);
    expect(from).toBeLessThan(3000);
    for (let i = 0; i < 5000; i++) expect(Math.abs(grown.values[i]! - whole.values[i]!)).toBeLessThan(2e-4);
  });

  it("takes 100,000 points in a fraction of a frame's patience", () => {
    const at = steps(100_000);
    const raw = Float32Array.from(at, (x) => Math.sin(x));
    const best = Math.min(
      ...[1, 2, 3].map(() => {
        const began = performance.now();
        new SmoothedSeries(500).update(at, raw, at.length, 0);
        return performance.now() - began;
      }),
    );
    expect(best).toBeLessThan(100 * slowness());
  });
});

describe("suitableSmoothing", () => {
  it("is about a hundredth of the run, and a step of the slider", () => {
    expect([50, 100, 2000, 200_000].map(suitableSmoothing)).toEqual([0, 1, 20, 2000]);
    expect([...SMOOTHING_STEPS]).toEqual([...SMOOTHING_STEPS].sort((a, b) => a - b));
  });
});
