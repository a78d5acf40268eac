import { describe, expect, it } from "vitest";
import { curvesSvg } from "../../../src/core/study/charts/curves.ts";
import { dotPlotSvg } from "../../../src/core/study/charts/dotPlot.ts";
import { heatColour } from "../../../src/core/study/charts/heatColour.ts";
import { heatMapChoice, heatMapSvg } from "../../../src/core/study/charts/heatMap.ts";
import { LIGHT } from "../../../src/core/study/charts/look.ts";
import {
  filteredRows,
  METRIC_KEY,
  NO_FILTER,
  parallelAxes,
  parallelSvg,
} from "../../../src/core/study/charts/parallel.ts";
import { paretoSvg } from "../../../src/core/study/charts/pareto.ts";
import { sampledCells, stripPixels } from "../../../src/core/study/charts/sampleStrips.ts";
import { foldSeeds, seedSeries } from "../../../src/core/study/charts/seedCurves.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { exampleStudy, finishedRun, mixedStudy } from "../../support/exampleStudy.ts";

const LOOK = { width: 800, colours: LIGHT };
const { table } = mixedStudy();

/** Every picture there is of a study. */
const pictures = (shown: StudyTable): Record<string, string> => ({
  heatMap: heatMapSvg(shown, { ...LOOK, choice: null }),
  dotPlot: dotPlotSvg(shown, { ...LOOK, order: "metric" }),
  pareto: paretoSvg(shown, { ...LOOK, height: 400 }),
  parallel: parallelSvg(shown, { ...LOOK, height: 400, filter: NO_FILTER }),
});

const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
/** What is drawn of a row. */
const markOf = (svg: string, row: number): string =>
  new RegExp(`<g class="mark" data-row="${row}">.*?</g>`, "s").exec(svg)?.[0] ?? "";

describe("charts of a study", () => {
  it("are well-formed and draw no number that is none, of any study", () => {
    const studies = {
      mixed: table,
      nothing: exampleStudy("{pretrain.lr: [1e-4, 2e-4]}", []).table,
      "no axis": exampleStudy("{}", [[0.5, 0.4]]).table,
      "one value": exampleStudy("{pretrain.lr: [1e-4], mask.rate: [0.5]}", [[finishedRun(0.5, 0)]], 1).table,
      equal: exampleStudy("{pretrain.lr: [1e-4, 2e-4]}", [
        [0.5, 0.5, 0.5],
        [0.5, 0.5, 0.5],
      ]).table,
      negative: exampleStudy("{pretrain.lr: [1e-4, 2e-4]}", [
        [-0.5, -0.4, 0.1],
        [1e-9, 2e-9, 0],
      ]).table,
    };
    for (const [name, shown] of Object.entries(studies)) {
      for (const [chart, svg] of Object.entries(pictures(shown))) {
        expect(svg, `${chart} of ${name}`).not.toMatch(/NaN|undefined|Infinity|null/);
        expect(svg.match(/<(g|svg|title|text)[ >]/g)?.length, chart).toBe(svg.match(/<\/(g|svg|title|text)>/g)?.length);
      }
    }
  });

  it("escape what stands in a label or a reason", () => {
    const named = { ...table, rows: table.rows.map((row) => ({ ...row, label: `<script>&"${row.index}` })) };
    for (const svg of Object.values(pictures(named))) {
      expect(svg).not.toContain("<script>");
      expect(svg).not.toContain("<b>");
      expect(svg).toContain("&lt;script&gt;&amp;&quot;1");
    }
  });

  it("draw every configuration once, with what is known of it", () => {
    for (const [chart, svg] of Object.entries(pictures(table))) {
      const rows = [...svg.matchAll(/data-row="(\d+)"/g)].map((match) => Number(match[1])).sort();
      expect(rows, chart).toEqual(chart === "heatMap" || chart === "dotPlot" ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 3]);
    }
    expect(markOf(pictures(table)["pareto"]!, 2)).toContain("not different from the best: the paired interval");
  });
});

describe("the heat map", () => {
  const svg = pictures(table)["heatMap"]!;

  it("has number, interval and n in a cell, marks the best and what does not differ, and says how many are missing", () => {
    expect(texts(markOf(svg, 1))).toEqual(["0.4100", "0.4000 to 0.4200", "n 3, best"]);
    expect(texts(markOf(svg, 2))).toEqual(["0.4117", "0.4050 to 0.4180", "n 3, ≈ best"]);
    expect(markOf(svg, 1)).toMatch(/stroke-width="2"\/>/);
    expect(markOf(svg, 2)).toContain('stroke-dasharray="5 3"');
    expect(markOf(svg, 0)).not.toContain('stroke-width="2"');
    expect(texts(markOf(svg, 3))).toEqual(["0.4550", "0.4500 to 0.4600", "n 2 of 3"]);
    expect(markOf(svg, 1)).toContain(heatColour(0).fill);
    expect(markOf(svg, 0)).toContain(heatColour(1).fill);
  });

  it("tells cells without a number apart by pattern and word", () => {
    expect(texts(markOf(svg, 4))).toEqual(["2 failed, 1 waiting"]);
    expect(markOf(svg, 4)).toMatch(/<path d="M[^"]+" stroke="#e1e4e8"/);
    expect(texts(markOf(svg, 5))).toEqual(["waiting"]);
    expect(markOf(svg, 5)).not.toContain("<path");
  });

  it("lays other axes out as small multiples, or fixes one of their points; linked keys are one axis", () => {
    const { table: deep } = exampleStudy(
      "{mask.rate: [0.5, 0.7], pretrain.lr: [1e-4, 2e-4], size: [{model.depth: 3, model.embed_dim: 32}, {model.depth: 5, model.embed_dim: 64}]}",
      Array.from({ length: 8 }, (_, i) => [0.1 * i + 0.1]),
      1,
    );
    const all = heatMapSvg(deep, { ...LOOK, choice: null });
    expect(texts(all)).toEqual(
      expect.arrayContaining(["depth 3, embed_dim 32", "depth 5, embed_dim 64", "mask.rate", "pretrain.lr"]),
    );
    expect(all.match(/class="mark"/g)).toHaveLength(8);
    const one = heatMapSvg(deep, { ...LOOK, choice: { x: 2, y: 0, fixed: { 1: 1 } } });
    expect(one.match(/class="mark"/g)).toHaveLength(4);
    expect(texts(one)[0]).toBe("Held-out loss over mask.rate and size, lr 2e-4");
    const stale = heatMapSvg(deep, { ...LOOK, choice: { x: 7, y: 0, fixed: {} } });
    expect(stale).toBe(all);
    expect(heatMapChoice(deep)).toEqual({ x: 1, y: 0, fixed: {} });
  });

  it("of one axis is dots with intervals in the axis's order", () => {
    const { table: line } = exampleStudy(
      "{pretrain.lr: [1e-4, 2e-4]}",
      [
        [0.5, 0.6],
        [0.1, 0.2],
      ],
      2,
    );
    const labels = texts(heatMapSvg(line, { ...LOOK, choice: null })).filter((text) => text.startsWith("lr "));
    expect(labels).toEqual(["lr 1e-4", "lr 2e-4"]);
  });

  it("has colours at even distances in OKLab, whose text is read on them", () => {
    // Coarse enough that whole bytes of a colour hardly matter.
    const steps = Array.from({ length: 9 }, (_, i) => oklab(heatColour(i / 8).fill));
    const distances = steps.slice(1).map((lab, i) => Math.hypot(...lab.map((value, c) => value - steps[i]![c]!)));
    const whole = distances.reduce((sum, distance) => sum + distance, 0);
    for (const distance of distances) expect(Math.abs((8 * distance) / whole - 1)).toBeLessThan(0.04);
    for (let i = 1; i < steps.length; i++) expect(steps[i]![0]).toBeGreaterThan(steps[i - 1]![0]!);
    for (let i = 0; i <= 20; i++) {
      const { fill, text } = heatColour(i / 20);
      expect(contrast(fill, text)).toBeGreaterThan(4.5);
    }
  });
});

describe("the dot plot", () => {
  it("has the best first, what has no result last, and a stroke for every training", () => {
    const svg = pictures(table)["dotPlot"]!;
    const order = [...svg.matchAll(/data-row="(\d)"/g)].map((match) => Number(match[1]));
    expect(order).toEqual([1, 2, 3, 0, 4, 5]);
    expect(markOf(svg, 3).match(/v10"/g)).toHaveLength(2);
    expect(markOf(svg, 4)).toContain(">2 failed, 1 waiting</text>");
  });

  it("cuts names only where they are wider than their room", () => {
    const named = exampleStudy("{mask.rate: [0.5, 0.9], mask.strategy: [patch, block]}", []).table;
    const shown = (width: number) => texts(dotPlotSvg(named, { ...LOOK, width, order: "metric" }));
    expect(shown(360)).toContain("rate 0.5, strategy patch");
    expect(shown(200).filter((text) => /^rate 0\.5.*…$/.test(text))).toHaveLength(2);
  });
});

describe("the Pareto front", () => {
  it("steps from one configuration that none beats to the next, and names them", () => {
    const svg = pictures(table)["pareto"]!;
    expect(table.pareto).toEqual([3, 1]);
    const front = /<path d="(M[^"]*)" fill="none" stroke="#1f2328" stroke-width="1.2"/.exec(svg)![1]!;
    expect(front.match(/[HV]/g)).toEqual(["H", "V", "H"]);
    expect(texts(svg)).toEqual(expect.arrayContaining(["strategy stratified, lr 1e-4", "strategy patch, lr 2e-4"]));
    expect(texts(svg)).not.toContain("strategy patch, lr 1e-4");
  });
});

describe("parallel coordinates", () => {
  const axes = parallelAxes(table, 800);

  it("keep what lies in all ranges, and the best of those that have a result", () => {
    expect(filteredRows(table, axes, NO_FILTER)).toEqual(new Set([1, 2, 3, 0]));
    expect(filteredRows(table, axes, { ranges: { "pretrain.lr": [0.5, 2] }, top: null })).toEqual(new Set([1, 2]));
    const both = { "pretrain.lr": [0, 1], [METRIC_KEY]: [0.3, 0.46] } as const;
    expect(filteredRows(table, axes, { ranges: both, top: null })).toEqual(new Set([1, 3]));
    expect(filteredRows(table, axes, { ranges: {}, top: 2 })).toEqual(new Set([1, 2]));
    expect(filteredRows(table, axes, { ranges: { gone: [5, 6] }, top: 1 })).toEqual(new Set([1]));
  });

  it("draw what is filtered out faintly, with the better end above", () => {
    const svg = parallelSvg(table, { ...LOOK, height: 400, filter: { ranges: {}, top: 2 } });
    expect(markOf(svg, 1)).toContain('stroke-opacity="1"');
    expect(markOf(svg, 0)).toContain('stroke-opacity="0.07"');
    const metric = axes.find(({ key }) => key === METRIC_KEY)!;
    expect(metric.top).toBeLessThan(metric.bottom);
    expect(texts(svg)).toContain(
      "2 of 4 configurations, 2 without a result left out; the better and the quicker is above",
    );
  });
});

describe("curves", () => {
  const line = (step: number, loss: number, heldOutLoss?: number) => ({
    ...{ type: "step" as const, step, images: step, seconds: step / 10, loss, lossByTimestep: [0, 0, 0, 0] },
    ...{ lr: 1, gradNorm: 1, imagesPerSecond: 1, dataWaitSeconds: 0, memoryBytes: null },
    ...(heldOutLoss === undefined ? {} : { heldOutLoss }),
  });

  it("put stages behind each other with a gap, and only what was measured", () => {
    const stages = [
      [line(10, 1, 0.8), line(20, 1)],
      [line(10, 2, 0.5), line(20, 2, 0.4)],
    ];
    const { xs, ys } = seedSeries(stages, "heldOutLoss", "step");
    expect([...xs]).toEqual([10, 10, 30, 40]);
    expect([...ys]).toEqual([0.8, Number.NaN, 0.5, 0.4].map(Math.fround));
    expect([...seedSeries(stages, "loss", "seconds").xs]).toEqual([1, 2, 2, 3, 4]);
  });

  it("fold seeds where all of them are: mean, range, and an interval of two seeds or more", () => {
    const series = (xs: number[], ys: number[]) => ({ xs: Float64Array.from(xs), ys: Float32Array.from(ys) });
    const folded = foldSeeds(2, [series([0, 10, 20], [1, 2, 3]), series([0, 5, 15], [3, 3, 3])])!;
    expect([...folded.xs]).toEqual([0, 5, 10, 15]);
    expect([...folded.mean]).toEqual([2, 2.25, 2.5, 2.75]);
    expect([folded.lowest[1], folded.highest[1], folded.n]).toEqual([1.5, 3, 2]);
    expect(folded.low[1]).toBeLessThan(1.5);
    expect(foldSeeds(0, [series([0], [1]), series([5], [1])])).toBeNull();
    expect(foldSeeds(0, [series([0, 1], [1, 2])])!.low[0]).toBeNaN();
  });

  it("are drawn with a band where there are two seeds, broken where the values are", () => {
    const series = (by: number) => ({
      xs: Float64Array.of(0, 1, 1, 2),
      ys: Float32Array.of(1 + by, 2, Number.NaN, 3 + by),
    });
    const curves = [foldSeeds(0, [series(0), series(0.5)])!, foldSeeds(1, [series(1)])!];
    const svg = curvesSvg(table, { ...LOOK, height: 300, curves, measure: "loss", axis: "step", band: "range" });
    expect(svg).not.toMatch(/NaN/);
    expect(svg.match(/fill-opacity/g)?.length).toBeGreaterThan(0);
    expect(markOf(svg, 0)).toContain('stroke-width="2"');
    expect(texts(svg)).toContain("strategy patch, lr 1e-4 (n 2)");
  });
});

describe("drawn images", () => {
  it("are shown of the seed that most configurations have, the best first, and the worst where not all fit", () => {
    expect(sampledCells(table, 9).map(({ row, cell }) => [row.index, cell.seed])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [0, 0],
    ]);
    expect(sampledCells(table, 2).map(({ row }) => row.index)).toEqual([1, 0]);
  });

  it("are laid out side by side with a gap between, grey ones in grey", () => {
    const strip = { row: 0, seed: 0, count: 2, side: 2, channels: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const red = [...stripPixels(strip)].filter((_, i) => i % 4 === 0);
    expect(red).toEqual([1, 2, 0, 5, 6, 3, 4, 0, 7, 8]);
    const opaque = [...stripPixels(strip)].filter((_, i) => i % 4 === 3);
    expect(opaque).toEqual([255, 255, 0, 255, 255, 255, 255, 0, 255, 255]);
    expect([...stripPixels(strip)].slice(0, 4)).toEqual([1, 1, 1, 255]);
  });
});

const linear = (hex: string): number[] =>
  [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });

function oklab(hex: string): number[] {
  const [r, g, b] = linear(hex) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function contrast(a: string, b: string): number {
  const [low, high] = [a, b]
    .map((hex) => linear(hex).reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i]!, 0))
    .sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
