import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { BadUsage } from "../../../scripts/bench/options.ts";
import type { SamplingRow } from "../../../scripts/bench/record.ts";
import { markdown, ReportFiles } from "../../../scripts/bench/report.ts";
import { leftOutList, samplingTable, stepTable } from "../../../scripts/bench/tables.ts";
import { judge } from "../../../scripts/bench/targets.ts";
import { cell, record, row } from "./exampleRecord.ts";

const folder = mkdtempSync(path.join(tmpdir(), "maskdm-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cells = (table: string) =>
  table
    .split("\n")
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((text) => text.trim()),
    );

/** S at two rates: onnx reaches 1.5 times and 0.9 times PyTorch's speed, and 80 % of the peak without a mask. */
const example = record([
  cell({ model: "S", maskRate: 0, batchSize: 32 }, 8e9, [
    row("onnx", { speeds: [9, 10, 11], gib: 2, around: 0.02 }),
    row("pytorch", { speeds: [10, 11, 12.5], gib: 1.6 }),
  ]),
  cell({ model: "S", maskRate: 0.9, batchSize: 32 }, 0.8e9, [
    row("onnx", { speeds: [90, 100, 75], gib: 1, around: 0.11 }),
    row("pytorch", { speeds: [60, 50, 50], gib: 2 }),
    { engine: "tfjs-wasm", state: "left out", reason: "does not fit in memory" },
    { engine: "tfjs-node", state: "differs", losses: [1, 2, 3], lossDifference: 2.2 },
  ]),
]);

describe("targets", () => {
  const targets = new Map(judge(example).map((target) => [target.what, target]));
  const found = (what: RegExp) => [...targets].find(([name]) => what.test(name))![1];

  it("are judged by the worst of the rows they are set for", () => {
    expect(found(/PyTorch, S, m = 0.9/)).toMatchObject({
      met: true,
      worst: { value: 1.5, where: "S, m = 0.9, batch 32" },
    });
    const whole = found(/PyTorch, S, m = 0$/);
    expect(whole.met).toBe(false);
    expect(whole.worst!.value).toBeCloseTo(0.9);
    // 10 and 90 images a second
    expect(found(/step at m = 0.9 over/)).toMatchObject({ met: true, worst: { value: 10 / 90 } });
    // 90 images of 0.8 GFLOP, 10 of 8 GFLOP, of 100 GFLOP/s
    const share = found(/share of the matrix-product peak/);
    expect(share.worst!.value).toBeCloseTo(0.72);
    expect(share).toMatchObject({ met: true, worst: { where: "S, m = 0.9, batch 32" } });
    const around = found(/without forward and backward/);
    expect(around.worst!.value).toBeCloseTo(0.11);
    expect(around.met).toBe(false);
    expect(found(/peak memory/)).toMatchObject({ met: false, worst: { value: 1.25, where: "S, m = 0, batch 32" } });
  });

  it("that no row can judge are not met, nor missed", () => {
    expect(found(/PyTorch, tiny, m = 0.9/)).toMatchObject({ met: null, worst: null });
    expect(judge(record([]))).toEqual([]);
  });

  it("of a small batch or a small image do not judge the saving", () => {
    const small = record([
      cell({ model: "S", maskRate: 0, batchSize: 8 }, 8e9, [row("onnx", { speeds: [10], around: 0 })]),
      cell({ model: "S", maskRate: 0.9, batchSize: 8 }, 8e8, [row("onnx", { speeds: [20], around: 0 })]),
      cell({ model: "tiny", maskRate: 0, batchSize: 32 }, 8e9, [row("onnx", { speeds: [10], around: 0 })]),
      cell({ model: "tiny", maskRate: 0.9, batchSize: 32 }, 8e8, [row("onnx", { speeds: [20], around: 0 })]),
    ]);
    expect(judge(small).find(({ what }) => what.startsWith("step at"))).toMatchObject({ worst: null });
  });
});

describe("tables of the report", () => {
  it("one line per engine and row, with spread, ratio, rates, memory", () => {
    const lines = cells(stepTable(example, "S"));
    expect(lines[0]).toEqual([
      ...["0", "256 of 256", "32 (8 at a time)", "onnx", "10.0 (9.00 to 11.0)", "**0.90** (0.88 to 0.91)"],
      ...["80.0", "80 %", "2.00", "2.0 %", "1.50 s", "1.3e-7"],
    ]);
    expect(lines[1]!.slice(3, 6)).toEqual(["pytorch (sdpa, fused)", "11.0 (10.0 to 12.5)", "1"]);
    expect(lines[1]!.slice(-3)).toEqual(["–", "1.50 s", "reference"]);
    expect(lines.map((line) => line[4]).slice(4)).toEqual(["left out", "another result"]);
    const widths = new Set(
      stepTable(example, "S")
        .split("\n")
        .map((line) => line.length),
    );
    expect(widths.size).toBe(1);
  });

  it("what is missing is listed with the reason", () => {
    expect(leftOutList(example)).toEqual([
      "tfjs-node: it is not installed",
      "tfjs-wasm, S, m = 0.9, batch 32: does not fit in memory",
      "tfjs-node, S, m = 0.9, batch 32: **it computes something else**, losses differ by 2.2",
    ]);
  });

  it("what was planned and not reached is listed, too", () => {
    const planned = {
      cells: [...example.planned.cells, { model: "B", maskRate: 0.9, batchSize: 8 }],
      sampling: ["S"],
    };
    expect(leftOutList({ ...example, planned }).slice(3)).toEqual([
      "B, m = 0.9, batch 8, all engines: the benchmark was ended before",
      "sampling, S, all engines: the benchmark was ended before",
    ]);
  });

  it("sampling tells evaluations, images and the first image", () => {
    const measured = (engine: string, speeds: number[]): SamplingRow => ({
      engine,
      state: "measured",
      variant: null,
      blocks: speeds.map((perSecond, round) => ({ round, perSecond, aroundShare: null })),
      secondsToFirstImage: [2, 1, 3],
      imageDifference: 1e-5,
    });
    const rows = [measured("onnx", [25, 20, 30]), measured("pytorch", [20, 20, 20])];
    const sampling = [{ model: "S", batchSize: 16, steps: 50, reference: "pytorch", rows }];
    expect(cells(samplingTable({ ...example, sampling }))[0]).toEqual([
      ...["S", "onnx", "25.0 (20.0 to 30.0)", "8.00", "**1.25** (1.00 to 1.50)", "2.00 (1.00 to 3.00) s", "1.0e-5"],
    ]);
  });
});

describe("files of the report", () => {
  it("page, plots and everything as JSON, which a resumption reads", () => {
    const files = new ReportFiles(folder, "example");
    files.write(example);
    expect(readdirSync(folder).sort()).toEqual([
      "2026-03-04-example-S-cost.svg",
      "2026-03-04-example-S-speed.svg",
      "2026-03-04-example.json",
      "2026-03-04-example.md",
    ]);
    expect(files.newest()).toEqual(example);
    const page = readFileSync(path.join(folder, "2026-03-04-example.md"), "utf8");
    expect(page).toContain("Matrix-product peak of the processor: 100 GFLOP/s (pytorch)");
    expect(page).toContain("![S](2026-03-04-example-S-cost.svg)");
    expect(page).toContain("## Targets");
    expect(page).toContain("`npm run bench -- --quick`");
  });

  it("plots are readable on dark pages too, and show every engine beside the ideal", () => {
    const svg = readFileSync(path.join(folder, "2026-03-04-example-S-cost.svg"), "utf8");
    expect(svg).toContain("prefers-color-scheme: dark");
    for (const label of ["onnx", "pytorch", "visible share of tokens (ideal)", "counted matrix products"]) {
      expect(svg).toContain(`>${label}</text>`);
    }
    // Every colour that the dark rules replace is one that the plot has.
    for (const [, attribute] of svg.matchAll(/\[((?:fill|stroke)="#\w+")\]/g))
      expect(svg.split(attribute!).length).toBeGreaterThan(2);
  });

  it("a run without steps or engines that were judged is a page as well", () => {
    expect(markdown(record([]), new Map())).not.toContain("## Targets");
  });

  it("nothing to resume, or something else, is said", () => {
    const files = new ReportFiles(folder, "other");
    expect(() => files.newest()).toThrow(BadUsage);
    writeFileSync(path.join(folder, "2026-01-01-other.json"), '{"format": 0}');
    expect(() => files.newest()).toThrow("is no report of this version");
  });
});
