import { describe, expect, it } from "vitest";
import { bandEdge } from "../../../src/core/series/band.ts";
import { chartSvg, type SvgChart, svgSize } from "../../../src/core/series/chartSvg.ts";
import { measuresOf } from "../../../src/core/series/charts.ts";
import { RunColumns } from "../../../src/core/series/columns.ts";
import { chartCsv } from "../../../src/core/series/csv.ts";
import { clockTicks, durationTicks, shortDuration } from "../../../src/core/series/timeAxis.ts";
import { madeUpStep } from "../../support/runFolders.ts";

const chart = (change: Partial<SvgChart> = {}): SvgChart => ({
  title: "Loss <of> a & b",
  x: { low: 0, high: 100, ticks: [0, 50, 100], format: String, logarithmic: false, title: "steps" },
  y: { low: 0.1, high: 10, ticks: [0.1, 1, 10], format: String, logarithmic: true, title: "loss" },
  lines: [
    {
      xs: Float64Array.of(0, 25, 50, 75, 100, 999),
      ys: Float32Array.of(10, 1, Number.NaN, 1, 0.1, 5),
      length: 5,
      colour: "#123456",
      dash: [4, 2],
      width: 2,
      opacity: 0.5,
    },
  ],
  legend: [{ label: "mask.rate 0.75", colour: "#123456", dash: [] }],
  width: 400,
  height: 300,
  colours: { text: "#111", grid: "#ddd", background: "#fff" },
  ...change,
});

describe("chartSvg", () => {
  it("draws vectors: a path a line, broken at gaps, in the plot's coordinates", () => {
    const svg = chartSvg(chart());
    expect(svg).toContain('d="M66 38L145 146M303 146L382 254"');
    expect(svg).toContain('stroke="#123456" stroke-width="2" stroke-opacity="0.5" stroke-dasharray="4 2"');
    expect(svg).not.toContain("<image");
    expect(svg).toContain("Loss &lt;of&gt; a &amp; b");
    expect(svg).toContain(">mask.rate 0.75</text>");
  });

  it("leaves out what is beyond the view but for a neighbour, and what a logarithm cannot show", () => {
    const x = { ...chart().x, low: 60, high: 80 };
    const ys = Float32Array.of(10, 1, 1, 1, 0, 5);
    const svg = chartSvg(chart({ x, lines: [{ ...chart().lines[0]!, ys }] }));
    const path = /<path d="(M[^"]*)" stroke="#123456" stroke-width="2" /.exec(svg)?.[1];
    expect(path?.match(/[ML]/g)).toEqual(["M", "L"]);
  });

  it("makes room for long labels, and draws no number that a program may not know", () => {
    const ticks = [1.000005e30, 1.00001e30];
    const y = {
      ...chart().y,
      logarithmic: false,
      low: 0,
      high: 1,
      ticks,
      format: (value: number) => value.toExponential(),
    };
    const lines = [{ ...chart().lines[0]!, ys: Float32Array.of(0, 1, 1e30, -1e30, 1, 0) }];
    const svg = chartSvg(chart({ y, lines }));
    const [, at] = /<text x="([\d.]+)"[^>]*text-anchor="end">1\.00001e\+30</.exec(svg) ?? [];
    expect(Number(at)).toBeGreaterThan(6 * "1.00001e+30".length);
    const path = /<path d="(M[^"]*)" stroke="#123456" stroke-width="2" /.exec(svg)![1]!;
    expect(path.match(/-?[\d.e+]+/g)!.every((number) => Math.abs(Number(number)) <= 1e5)).toBe(true);
  });

  it("draws bands below the lines, down to the edge of the plot and beyond where an axis cannot show them", () => {
    const edge = (...ys: number[]) => ({ xs: Float64Array.of(0, 25, 50), ys: Float32Array.from(ys), length: 3 });
    const high = edge(10, Number.NaN, 1);
    const band = { low: edge(1, Number.NaN, -3), high, colour: "#654321" };
    const svg = chartSvg(chart({ bands: [band] }));
    const path = /<path d="(M[^"]*)" fill="#654321" fill-opacity="0.15" stroke="#654321"/.exec(svg)![1]!;
    // Along the upper edge and back along the lower one, without the point that has no error.
    expect(path).toMatch(/^M66 38L224 146L224 \d{4,}(\.\d+)?L66 146Z$/);
    expect(svg.indexOf("#654321")).toBeLessThan(svg.indexOf('stroke="#123456"'));
    expect(chartSvg(chart({ bands: [{ ...band, low: edge(1, 1, -3) }] }))).not.toContain("NaN");
  });

  it("grows by its legend", () => {
    const legend = Array.from({ length: 5 }, (_, i) => ({ label: `run ${i}`, colour: "#000", dash: [] }));
    expect(svgSize(chart({ legend })).height).toBe(300 + 5 * 18 + 10);
    expect(svgSize(chart({ legend: [] })).height).toBe(300);
  });
});

describe("a band", () => {
  it("is 1.96 standard errors wide to each side, where there is an error", () => {
    const [values, errors] = [Float32Array.of(1, 2, 3), Float32Array.of(0.5, Number.NaN, 1)];
    expect([...bandEdge(values, errors, 2, "low")]).toEqual([Math.fround(1 - 0.98), Number.NaN]);
    expect([...bandEdge(values, errors, 3, "high")].map((y) => y.toFixed(2))).toEqual(["1.98", "NaN", "4.96"]);
  });
});

describe("chartCsv", () => {
  const columns = new RunColumns(Date.parse("2026-01-01T00:00:00Z"));
  columns.add(
    [1, 2, 3].map((step) => ({
      type: "step" as const,
      step,
      images: 8 * step,
      seconds: step / 2,
      loss: step === 2 ? null : 0.1 * step,
      lossByTimestep: [0, 0, 0, 0],
      lr: 2e-4,
      gradNorm: 1,
      imagesPerSecond: 16,
      dataWaitSeconds: 0,
      memoryBytes: null,
    })),
  );
  const text = (label: string, view: [number, number] | null): string =>
    [...chartCsv([{ id: "a", label, columns }], ["loss", "lr"], "step", view)].join("");

  it("leaves out steps at which what is measured now and then was not", () => {
    const measured = new RunColumns(0);
    const line = { ...madeUpStep(0, 10), heldOutError: 0.01 };
    measured.add([madeUpStep(0, 5), { ...line, heldOutLoss: 0.5 }, madeUpStep(0, 15)]);
    const run = { id: "a", label: "b", columns: measured };
    const rows = [...chartCsv([run], measuresOf("heldOutLoss"), "step", null, true)].join("").trim().split("\n");
    expect(rows[0]).toMatch(/,time,heldOutLoss,heldOutError$/);
    expect(rows.slice(1).map((row) => row.replace(/^a,b,(\d+),.*Z/, "$1"))).toEqual(["10,0.5,0.01"]);
  });

  it("has a row a step, with every axis", () => {
    expect(text("rate 0.5", null)).toBe(
      "run,label,step,images,seconds,time,loss,lr\n" +
        "a,rate 0.5,1,8,0.5,2026-01-01T00:00:00.500Z,0.1,0.0002\n" +
        "a,rate 0.5,2,16,1,2026-01-01T00:00:01.000Z,,0.0002\n" +
        "a,rate 0.5,3,24,1.5,2026-01-01T00:00:01.500Z,0.3,0.0002\n",
    );
  });

  it("keeps to the view, quotes, and defuses formulas", () => {
    expect(text('=a,"b"', [2, 2]).split("\n").slice(1)).toEqual([
      'a,"\'=a,""b""",2,16,1,2026-01-01T00:00:01.000Z,,0.0002',
      "",
    ]);
  });
});

describe("time axes", () => {
  it("ticks durations at whole units", () => {
    const { ticks, format } = durationTicks(0, 3 * 3600, 6);
    expect(ticks.map(format)).toEqual(["0s", "30m", "1h", "1h 30m", "2h", "2h 30m", "3h"]);
    expect(durationTicks(0, 1, 5).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect([0.25, 59.6, 3601, 90_000].map(shortDuration)).toEqual(["0.25s", "1m", "1h", "1d 1h"]);
  });

  it("ticks the clock at round local times, days by their date", () => {
    const low = Date.parse("2026-03-01T21:10:00Z");
    const { ticks, format } = clockTicks(low, low + 6 * 3_600_000, 6, 60);
    expect(ticks.map(format)).toEqual(["23:00", "03-02", "01:00", "02:00", "03:00", "04:00"]);
  });
});
