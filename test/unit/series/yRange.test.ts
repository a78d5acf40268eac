import { describe, expect, it } from "vitest";
import { Line } from "../../../src/core/series/line.ts";
import { automaticYRange } from "../../../src/core/series/yRange.ts";
import { yTicks } from "../../../webview/dashboard/axes.ts";

function line(values: readonly number[], opacity = 1) {
  const made = new Line();
  made.replaceFrom(
    Number.NEGATIVE_INFINITY,
    Float64Array.from(values, (_, i) => i),
    Float32Array.from(values),
  );
  return { line: made, opacity };
}

const SCALE = { logarithmic: false, fromZero: false, ignoreOutliers: true };
const ALL = [0, 1e9] as const;
const loss = Array.from({ length: 500 }, (_, i) => 0.1 + 0.9 / (1 + i / 40));
const spoilt = loss.with(250, 1e30);

describe("automaticYRange", () => {
  it("shows all of a usual run, its high start included, and says that nothing is left out", () => {
    const { range, leavesOut } = automaticYRange([line(loss)], ALL, SCALE);
    expect(range[1]).toBeGreaterThan(1);
    expect(range[0]).toBeLessThan(Math.min(...loss));
    expect(leavesOut).toBe(false);
  });

  it.each([false, true])(
    "leaves one value of 1e30 out, and says so; with the switch off it shows it (log: %s)",
    (logarithmic) => {
      const scale = { ...SCALE, logarithmic };
      for (const lines of [[line(spoilt)], [line(spoilt, 0.3), line(loss)], [line(spoilt, 0.3), line(spoilt)]]) {
        const { range, leavesOut } = automaticYRange(lines, ALL, scale);
        expect(range[1]).toBeLessThan(3);
        expect(leavesOut).toBe(true);
        const all = automaticYRange(lines, ALL, { ...scale, ignoreOutliers: false });
        expect(all.range[1]).toBeGreaterThanOrEqual(1e30);
        expect(all.leavesOut).toBe(false);
      }
    },
  );

  it("leaves no run out as a whole because others are small", () => {
    const high = line(loss.map((value) => 1e4 * value));
    const { range, leavesOut } = automaticYRange([...Array.from({ length: 30 }, () => line(loss)), high], ALL, SCALE);
    expect(range[1]).toBeGreaterThan(1e4);
    expect(leavesOut).toBe(false);
  });

  it("looks at the part in view only", () => {
    expect(automaticYRange([line(spoilt)], [0, 200], SCALE).leavesOut).toBe(false);
    expect(automaticYRange([line(spoilt)], [200, 300], SCALE).leavesOut).toBe(true);
  });

  it.each([
    ["nothing", []],
    ["gaps only", [Number.NaN, Number.NaN]],
    ["equal values", [5, 5, 5]],
    ["zeros", [0, 0]],
    ["negative values", [-1, -2, -3]],
    ["tiny values", [1e-30, 2e-30, 3e-30]],
    ["the largest values", [3.4e38, -3.4e38]],
    ["close values", [1, 1 + 1e-7, 1 + 2e-7]],
  ])("makes a range and ticks with labels that differ of %s", (_, values) => {
    for (const logarithmic of [false, true]) {
      for (const ignoreOutliers of [false, true]) {
        const { range } = automaticYRange([line(values)], ALL, { ...SCALE, logarithmic, ignoreOutliers });
        expect(range.every(Number.isFinite), String(range)).toBe(true);
        expect(range[1]).toBeGreaterThan(range[0]);
        if (logarithmic) expect(range[0]).toBeGreaterThan(0);
        const { ticks, format } = yTicks("number", range, logarithmic, 200);
        expect(ticks.length, String(range)).toBeGreaterThan(1);
        const labels = ticks.map(format);
        expect(new Set(labels).size, labels.join(" ")).toBe(labels.length);
        expect(labels.join()).not.toMatch(/NaN|undefined|Infinity/);
        for (const label of labels) expect(label.length, label).toBeLessThan(13);
      }
    }
  });
});
