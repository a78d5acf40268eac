import { describe, expect, it } from "vitest";
import { bucketGrid, decimate, PointList, type Series } from "../../../src/core/series/decimate.ts";
import { Line } from "../../../src/core/series/line.ts";

const noise = (i: number): number => {
  const x = Math.sin(i * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

function noisy(length: number, value: (i: number) => number = noise): Series {
  const xs = Float64Array.from({ length }, (_, i) => 10 * (i + 1));
  return { xs, ys: Float32Array.from({ length }, (_, i) => value(i)), length, spansGaps: false };
}

function points(series: Series, grid: ReturnType<typeof bucketGrid>, changed = 0) {
  const out = new PointList();
  const from = decimate(series, grid, changed, out);
  return { from, xs: out.xs.slice(0, out.length), ys: out.ys.slice(0, out.length) };
}

const extentOf = ({ xs, length }: Series): [number, number] => [xs[0]!, xs[length - 1]!];

describe("decimate", () => {
  it("keeps at most two points a pixel, the extremes of every bucket, and both ends", () => {
    const series = noisy(100_000);
    const grid = bucketGrid(null, extentOf(series), 500, false);
    const { xs, ys, from } = points(series, grid);
    expect(from).toBe(Number.NEGATIVE_INFINITY);
    expect(xs.length).toBeLessThanOrEqual(2 * 501 + 2);
    expect(xs.length).toBeGreaterThan(500);
    expect([xs[0], xs.at(-1)]).toEqual(extentOf(series));
    expect([Math.min(...ys), Math.max(...ys)]).toEqual([
      series.ys.reduce((a, b) => Math.min(a, b)),
      series.ys.reduce((a, b) => Math.max(a, b)),
    ]);
    // Column by column.
    const column = (x: number): number => Math.floor(x / grid.fine);
    const highest = new Map<number, number>();
    for (let i = 0; i < series.length; i++) {
      const c = column(series.xs[i]!);
      highest.set(c, Math.max(highest.get(c) ?? 0, series.ys[i]!));
    }
    const kept = new Map<number, number>();
    xs.forEach((x, i) => void kept.set(column(x), Math.max(kept.get(column(x)) ?? 0, ys[i]!)));
    expect(kept).toEqual(highest);
    expect([...xs].every((x, i) => i === 0 || x > xs[i - 1]!)).toBe(true);
  });

  it("is fine in view and coarse outside", () => {
    const series = noisy(100_000);
    const view: [number, number] = [400_000, 410_000];
    const { xs } = points(series, bucketGrid(view, extentOf(series), 400, false));
    const inside = [...xs].filter((x) => x >= view[0] && x < view[1]).length;
    expect(inside).toBeGreaterThan(400);
    expect(xs.length - inside).toBeLessThan(2 * 2 * 64 + 4);
  });

  it("keeps gaps, and spans them where asked", () => {
    const series = noisy(10_000, (i) => (i === 5000 || i > 9000 ? Number.NaN : noise(i)));
    const grid = bucketGrid(null, extentOf(series), 100, false);
    const gaps = points(series, grid);
    expect([...gaps.ys].filter(Number.isNaN).length).toBeGreaterThanOrEqual(2);
    expect(Number.isNaN(gaps.ys.at(-1))).toBe(true);
    const spanned = points({ ...series, spansGaps: true }, grid);
    expect([...spanned.ys].some(Number.isNaN)).toBe(false);
  });

  it("follows a logarithmic axis: its first decade is as finely drawn as its last", () => {
    const series = noisy(100_000);
    const { xs } = points(series, bucketGrid(null, extentOf(series), 500, true));
    for (const decade of [1e3, 1e4, 1e5]) {
      const count = [...xs].filter((x) => x >= decade && x < 10 * decade).length;
      expect(count).toBeGreaterThan(80);
      expect(count).toBeLessThan(550);
    }
  });

  it("changes of a growing, resumed series, put together by Line, give what drawing it anew gives", () => {
    const whole = noisy(20_000);
    const grid = bucketGrid([30_000, 90_000], extentOf(whole), 300, false);
    const line = new Line();
    let shown = 0;
    // Growing by odd amounts, and falling back twice as a resume does.
    for (const length of [1, 2, 700, 701, 3333, 3100, 3101, 9000, 8999, 15_000, 20_000]) {
      const series = { ...whole, length };
      const { from, xs, ys } = points(series, grid, Math.min(shown, length));
      line.replaceFrom(from, xs, ys);
      const anew = points(series, grid);
      expect([...line.xs.subarray(0, line.length)]).toEqual([...anew.xs]);
      expect([...line.ys.subarray(0, line.length)]).toEqual([...anew.ys]);
      if (shown > 100 && length > shown) expect(xs.length).toBeLessThan(anew.xs.length);
      shown = length;
    }
  });

  it("takes an empty series and a single point", () => {
    const one = noisy(1);
    const grid = bucketGrid(null, extentOf(one), 100, false);
    expect(points(one, grid).xs).toEqual(Float64Array.of(10));
    expect(points({ ...one, length: 0 }, grid)).toMatchObject({
      from: Number.NEGATIVE_INFINITY,
      xs: new Float64Array(0),
    });
  });
});

describe("Line.nearest", () => {
  it("passes over gaps and ends where the line ends", () => {
    const line = new Line();
    line.replaceFrom(Number.NEGATIVE_INFINITY, Float64Array.of(1, 2, 3, 10), Float32Array.of(1, Number.NaN, 3, 4));
    expect([0.5, 1.9, 2.2, 8, 10.5].map((x) => line.nearest(x, 1))).toEqual([0, 0, 2, 3, 3]);
    expect(line.nearest(12, 1)).toBeNull();
    expect(new Line().nearest(1, 1)).toBeNull();
  });
});
