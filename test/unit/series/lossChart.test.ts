import { describe, expect, it } from "vitest";
import type { StepMetrics } from "../../../src/core/run/metrics.ts";
import { type LossStage, lossChartSvg } from "../../../src/core/series/lossChart.ts";

function stage(label: string, points: number, loss: (i: number) => number | null = (i) => 1 / (1 + i)): LossStage {
  const metrics = Array.from({ length: points }, (_, i): StepMetrics => {
    const counts = { step: (i + 1) * 10, images: (i + 1) * 640, seconds: (i + 1) * 2 };
    const rest = { lossByTimestep: [], lr: 1e-4, gradNorm: 1, imagesPerSecond: 1, dataWaitSeconds: 0, memoryBytes: 1 };
    return { type: "step", ...counts, loss: loss(i), ...rest };
  });
  return { label, metrics };
}

/** The texts of a picture, in order. */
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
/** The curves' paths: the group of lines. */
const paths = (svg: string) =>
  [...(/<g class="lines".*?<\/g>/s.exec(svg)?.[0] ?? "").matchAll(/<path d="([^"]*)"/g)].map((m) => m[1]!);
const points = (path: string) =>
  path
    .split(/[ML]/)
    .slice(1)
    .map((text) => text.split(" ").map(Number) as [number, number]);
const heights = (path: string) => points(path).map(([, y]) => y);

describe("lossChartSvg", () => {
  it("draws each stage raw and averaged, the second where the first ended, with a legend and readable axes", () => {
    const svg = lossChartSvg([stage("pretrain m = 0.875", 100), stage("finetune", 50)]);
    const curves = paths(svg);
    expect(curves).toHaveLength(4);
    expect(texts(svg)).toEqual(expect.arrayContaining(["Training loss", "Training time", "loss", "2m", "0.1"]));
    expect(texts(svg).slice(-2)).toEqual(["pretrain m = 0.875", "finetune"]);
    const [lastOfFirst, firstOfSecond] = [points(curves[0]!).at(-1)![0], points(curves[2]!)[0]![0]];
    expect(firstOfSecond - lastOfFirst).toBeGreaterThan(0);
    expect(firstOfSecond - lastOfFirst).toBeLessThan(10);
  });

  it("averages noise away", () => {
    const [raw, average] = paths(lossChartSvg([stage("a", 1000, (i) => 1 + (i % 2))]));
    const middle = heights(average!).slice(20, -20);
    const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
    expect(spread(middle)).toBeLessThan(0.2 * spread(heights(raw!)));
  });

  it("is not squashed by one value of 1e30: the average and the axis leave it out, and the axis says so", () => {
    const spoilt = lossChartSvg([stage("a", 200, (i) => (i === 90 ? 1e30 : 1 / (1 + i / 20)))]);
    const [raw, average] = paths(spoilt);
    const inside = heights(average!).filter((y) => y >= 38);
    expect(Math.max(...inside) - Math.min(...inside)).toBeGreaterThan(0.6 * (394 - 38));
    expect(heights(raw!).every((y) => Math.abs(y) <= 1e5)).toBe(true);
    expect(texts(spoilt)).toContain("loss (outliers outside)");
    expect(texts(lossChartSvg([stage("a", 200)])).join()).not.toContain("outliers");
  });

  it("does not go back where seconds do", () => {
    const back = stage("a", 30);
    const metrics = back.metrics.map((line, i) => ({ ...line, seconds: i === 15 ? 1 : line.seconds }));
    const xs = points(paths(lossChartSvg([{ ...back, metrics }]))[0]!).map(([x]) => x);
    expect(xs.every((x, i) => i === 0 || x >= xs[i - 1]!)).toBe(true);
  });

  it("never prints NaN, whatever the stages hold", () => {
    const odd: LossStage[] = [
      stage("empty", 0),
      stage("one point", 1),
      stage("all the same", 20, () => 0.5),
      stage("not a number", 5, () => null),
      stage("gaps", 9, (i) => (i % 2 === 0 ? null : i)),
      stage("a spike", 500, (i) => (i === 100 ? 1e6 : 1)),
      stage("negative", 5, () => -1),
    ];
    for (const stages of [[], ...odd.map((item) => [item]), odd]) {
      const svg = lossChartSvg(stages);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      for (const { label } of stages) expect(svg).toContain(label);
    }
  });

  it("escapes labels and stays small for long runs", () => {
    const svg = lossChartSvg([stage('<a & "b">\u0007', 200_000)]);
    expect(svg).toContain("&lt;a &amp; &quot;b&quot;&gt;<");
    expect(svg.length).toBeLessThan(80_000);
  });
});
