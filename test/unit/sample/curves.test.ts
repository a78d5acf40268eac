import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { formatTick, linearTicks, logarithmicTicks, makeAxis, tickFormat } from "../../../src/core/series/axis.ts";
import { clockTicks, durationTicks } from "../../../src/core/series/timeAxis.ts";
import {
  type CurveMetrics,
  type CurveRun,
  lossCurvesSvg,
  writeLossCurves,
} from "../../../src/trainer/sample/curves.ts";
import { averaged, quantile, smoothed, thinned } from "../../../src/trainer/sample/smoothing.ts";

function run(label: string, points: number, loss: (i: number) => number | null = (i) => 1 / (1 + i)): CurveRun {
  const metrics: CurveMetrics[] = Array.from({ length: points }, (_, i) => ({
    step: (i + 1) * 10,
    images: (i + 1) * 640,
    seconds: (i + 1) * 2,
    loss: loss(i),
  }));
  return { label, metrics };
}

/** The texts of a picture, in order. */
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
/** The curves' paths: what stands in the clipped group. */
const paths = (svg: string) =>
  [...(/<g clip-path.*<\/g>/s.exec(svg)?.[0] ?? "").matchAll(/<path d="([^"]*)"/g)].map((m) => m[1]!);
const points = (path: string) =>
  path
    .split(/[ML]/)
    .slice(1)
    .map((text) => text.split(" ").map(Number) as [number, number]);

describe("axes", () => {
  it("ticks at 1, 2, 5 times powers of ten", () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0, 128_000, 8)).toEqual([0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000]);
    expect(linearTicks(-0.3, 0.35, 6)).toEqual([-0.2, 0, 0.2]);
    expect(linearTicks(3, 17, 3)).toEqual([5, 10, 15]);
  });

  it("ticks at whole decades on long logarithmic ranges, between them on short ones", () => {
    expect(logarithmicTicks(0.05, 1.2, 8)).toEqual([0.05, 0.1, 0.2, 0.5, 1]);
    expect(logarithmicTicks(1, 1e6, 8)).toEqual([1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
    expect(logarithmicTicks(1, 1e12, 5).length).toBeLessThanOrEqual(5);
    expect(logarithmicTicks(0.1, 0.3, 8)).toEqual([0.1, 0.15, 0.2, 0.3]);
  });

  it("puts the ends of the range at the ends of the axis", () => {
    for (const logarithmic of [false, true]) {
      const axis = makeAxis({ range: [2, 200], positions: [10, 110], logarithmic, tickCount: 5 });
      expect(axis.at(2)).toBeCloseTo(10, 9);
      expect(axis.at(200)).toBeCloseTo(110, 9);
      expect(axis.at(20)).toBeCloseTo(logarithmic ? 60 : 19.09, 2);
    }
  });

  it("widens an empty range", () => {
    for (const value of [0, 3, -2]) {
      const axis = makeAxis({ range: [value, value], positions: [0, 100], logarithmic: false, tickCount: 4 });
      expect(axis.at(value)).toBeCloseTo(50, 9);
      expect(axis.ticks.length).toBeGreaterThan(0);
    }
  });

  it("prints numbers a reader takes in", () => {
    const numbers = [0, 0.3, 1234, 12_500, 3_000_000, 2.5e9, 0.00002, -0.5];
    expect(numbers.map(formatTick)).toEqual(["0", "0.3", "1234", "12.5k", "3M", "2.5G", "2e−5", "−0.5"]);
    const odd = [1e30, -1.23456e-30, 9e11, 3.4028234663852886e38, -1e12, 1e-300];
    expect(odd.map(formatTick)).toEqual(["1e30", "−1.235e−30", "900G", "3.403e38", "−1e12", "1e−300"]);
  });

  it("tells close ticks apart, and far ones shortly", () => {
    const labels = (ticks: readonly number[]) => ticks.map(tickFormat(ticks));
    expect(labels(linearTicks(1.00001, 1.00003, 4))).toEqual(["1.00001", "1.000015", "1.00002", "1.000025", "1.00003"]);
    expect(labels(linearTicks(0, 1e30, 5))).toEqual(["0", "2e29", "4e29", "6e29", "8e29", "1e30"]);
    expect(labels(linearTicks(1e30, 1.00001e30, 2))).toEqual(["1e30", "1.000005e30", "1.00001e30"]);
    expect(labels(logarithmicTicks(1e-30, 1e30, 5))).toHaveLength(5);
    expect(labels(logarithmicTicks(1.01, 1.02, 5))).toEqual(["1.01", "1.012", "1.014", "1.016", "1.018", "1.02"]);
  });

  it.each([
    [1e30, 1e30 * (1 + 1e-15)],
    [1e30, 1e30],
    [1e17, 1e17 + 64],
    [0, 0],
    [-3.4e38, 3.4e38],
    [1e-320, 2e-320],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ])("ends, with few ticks, between %s and %s", (low, high) => {
    for (const ticks of [
      linearTicks(low, high, 6),
      durationTicks(low, high, 6).ticks,
      clockTicks(low, high, 6, 90).ticks,
    ]) {
      expect(ticks.length).toBeLessThan(40);
      expect(ticks.every(Number.isFinite)).toBe(true);
    }
    if (low > 0 && Number.isFinite(high)) expect(logarithmicTicks(low, high, 6).length).toBeLessThan(40);
  });
});

describe("smoothing", () => {
  const line = Array.from({ length: 101 }, (_, i) => ({ x: i, y: 2 * i }));

  it("leaves a constant and the inside of a line as they are", () => {
    const flat = line.map(({ x }) => ({ x, y: 5 }));
    expect(smoothed(flat, 4).every(({ y }) => Math.abs(y - 5) < 1e-12)).toBe(true);
    expect(smoothed(line, 4)[50]!.y).toBeCloseTo(100, 9);
    expect(smoothed(line, 0)).toEqual(line);
  });

  it("averages noise away", () => {
    const noisy = line.map(({ x }) => ({ x, y: x % 2 }));
    expect(smoothed(noisy, 4)[50]!.y).toBeCloseTo(0.5, 2);
  });

  it("thins to a bounded number of points and keeps the outline", () => {
    const spiky = Array.from({ length: 10_000 }, (_, x) => ({
      x,
      y: x === 7777 ? 100 : x === 2222 ? -100 : Math.sin(x),
    }));
    const kept = thinned(spiky, 50);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept).toContainEqual({ x: 7777, y: 100 });
    expect(kept).toContainEqual({ x: 2222, y: -100 });
    expect(kept.every((point, i) => i === 0 || point.x > kept[i - 1]!.x)).toBe(true);
    expect(thinned(line, 60)).toEqual(line);
  });

  it("averages stretches", () => {
    expect(averaged(line, 1)).toEqual([{ x: 50, y: 100 }]);
    expect(averaged(line.slice(0, 5), 2)).toEqual([
      { x: 0.5, y: 1 },
      { x: 3, y: 6 },
    ]);
    expect(averaged(line, 101)).toEqual(line);
  });

  it("finds quantiles", () => {
    expect(quantile([3, 1, 2, 5, 4], 0.5)).toBe(3);
    expect(quantile([3, 1, 2], 1)).toBe(3);
  });
});

describe("lossCurvesSvg", () => {
  it("draws each run raw and smoothed, with a legend, and readable axes", () => {
    const svg = lossCurvesSvg([run("pretrain m = 0.875", 100), run("finetune", 50)], { title: "Emoji" });
    expect(paths(svg)).toHaveLength(4);
    const shown = texts(svg);
    expect(shown).toContain("Emoji");
    expect(shown).toContain("images seen");
    expect(shown).toContain("20k");
    expect(shown.some((text) => text.startsWith("pretrain m = 0.875 · ends at "))).toBe(true);
    expect(svg).toContain('fill="#fff"');
  });

  it("is not squashed by one value of 1e30: the average and the axis leave it out, and the legend says so", () => {
    const spoilt = run("a", 200, (i) => (i === 90 ? 1e30 : 1 / (1 + i / 20)));
    const svg = lossCurvesSvg([spoilt]);
    const [raw, average] = paths(svg);
    const [top, bottom] = [44, 388];
    const heights = points(average!).map(([, y]) => y);
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(0.6 * (bottom - top));
    expect(points(raw!).every(([, y]) => Math.abs(y) <= 1e5)).toBe(true);
    expect(texts(svg).join()).toContain("1 outlier not averaged");
    expect(texts(svg)).toContain("0.8");
    expect(texts(lossCurvesSvg([run("a", 200)])).join()).not.toContain("outlier");
  });

  it("does not go back where seconds do", () => {
    const back = run("a", 30);
    const metrics = back.metrics.map((line, i) => ({ ...line, seconds: i === 15 ? 1 : line.seconds }));
    const xs = points(paths(lossCurvesSvg([{ ...back, metrics }], { x: "seconds", smoothing: 0 }))[0]!).map(([x]) => x);
    expect(xs.every((x, i) => i === 0 || x >= xs[i - 1]!)).toBe(true);
  });

  it("places points where the axis says", () => {
    const svg = lossCurvesSvg([run("a", 2, (i) => [0, 1][i]!)], { smoothing: 0, x: "steps", width: 200, height: 200 });
    const [path] = paths(svg);
    const [[x0, y0], [x1, y1]] = points(path!) as [[number, number], [number, number]];
    // Plot from 66 to 178 for steps 0 to 20, and from 148 up to 44 for losses 0 to 1.04.
    expect([x0, x1]).toEqual([122, 178]);
    expect([y0, y1]).toEqual([148, 48]);
  });

  it("counts time in a unit that suits, and can begin where another run ended", () => {
    expect(texts(lossCurvesSvg([run("a", 20)], { x: "seconds" }))).toContain("training time, seconds");
    const minutes = texts(lossCurvesSvg([run("a", 300)], { x: "seconds" }));
    expect(minutes).toContain("training time, minutes");
    expect(minutes).toContain("10");
    const later = lossCurvesSvg([{ ...run("b", 300), startsAt: 36_000 }], { x: "seconds" });
    expect(texts(later)).toContain("training time, hours");
    expect(points(paths(later)[0]!)[0]![0]).toBeGreaterThan(700);
  });

  it("takes logarithmic axes, and leaves out what they cannot show", () => {
    const svg = lossCurvesSvg([run("a", 50, (i) => (i === 3 ? 0 : 1 / (i + 1)))], {
      logX: true,
      logY: true,
      x: "steps",
    });
    expect(points(paths(svg)[0]!)).toHaveLength(49);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it("never prints NaN, whatever the runs hold", () => {
    const odd: CurveRun[] = [
      run("empty", 0),
      run("one point", 1),
      run("all the same", 20, () => 0.5),
      run("not a number", 5, () => null),
      run("gaps", 9, (i) => (i % 2 === 0 ? null : i)),
      run("a spike", 500, (i) => (i === 100 ? 1e6 : 1)),
      run("negative", 5, () => -1),
    ];
    for (const runs of [[], ...odd.map((item) => [item]), odd]) {
      for (const logX of [false, true]) {
        for (const logY of [false, true]) {
          const svg = lossCurvesSvg(runs, { logX, logY });
          expect(svg).not.toMatch(/NaN|Infinity|undefined/);
          for (const item of runs) expect(svg).toContain(item.label);
        }
      }
    }
  });

  it("does not let a single spike flatten the curve", () => {
    const svg = lossCurvesSvg([run("a", 2000, (i) => (i === 1000 ? 1e4 : 1))]);
    const highest = Math.max(
      ...texts(svg)
        .map(Number)
        .filter((value) => Number.isFinite(value)),
    );
    expect(highest).toBeLessThan(500);
  });

  it("escapes labels and stays small for long runs", () => {
    const svg = lossCurvesSvg([run('<a & "b">\u0007', 200_000)]);
    expect(svg).toContain("&lt;a &amp; &quot;b&quot;&gt; ·");
    expect(svg.length).toBeLessThan(60_000);
  });
});

describe("writeLossCurves", () => {
  it("writes SVG text, and a PNG with the curve's colour in it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "maskdm-curves-"));
    try {
      const runs = [run("a", 100)];
      await writeLossCurves(join(folder, "sub", "loss.svg"), runs);
      expect(readFileSync(join(folder, "sub", "loss.svg"), "utf8")).toBe(lossCurvesSvg(runs));
      await writeLossCurves(join(folder, "loss.png"), runs);
      const { data, info } = await sharp(join(folder, "loss.png"))
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      let blue = 0;
      for (let i = 0; i < data.length; i += info.channels) {
        if (data[i] === 0 && data[i + 1] === 0x72 && data[i + 2] === 0xb2) blue++;
      }
      expect(blue).toBeGreaterThan(200);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
