/** How well a speed is converted to another configuration: by the rows of a report, each from one that might have been measured. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordSchema } from "../../../scripts/bench/record.ts";
import { median } from "../../../scripts/bench/statistics.ts";
import { EXPECTED_ERROR } from "../../../src/core/cost/forecast.ts";
import { rateOf, type SpeedPoint, stepWork } from "../../../src/core/cost/speed.ts";

const REPORT = join(import.meta.dirname, "../../../docs/benchmarks/2026-11-23-training-step.json");
const { cells } = recordSchema.parse(JSON.parse(readFileSync(REPORT, "utf8")));

function pointsOf(engine: string): SpeedPoint[] {
  return cells.flatMap(({ model, parameters, visibleTokens, batchSize, microBatch, flopsPerStep, rows }) =>
    rows.flatMap((row) =>
      row.state === "measured" && row.engine === engine
        ? {
            network: model,
            ...{ parameters, visibleTokens, flopsPerStep, microBatchSize: microBatch },
            secondsPerStep: batchSize / median(row.blocks.map(({ perSecond }) => perSecond)),
            measuredAt: "2026-11-23",
          }
        : [],
    ),
  );
}

/** Share of what was forecast by which it is off. */
function errorsFrom(measured: SpeedPoint, points: readonly SpeedPoint[]): number[] {
  return points.map((point) => {
    const forecast = stepWork(point) / rateOf([measured], point).workPerSecond;
    return Math.abs(point.secondsPerStep / forecast - 1);
  });
}

describe("a speed that is converted", () => {
  it.each(["native", "onnx"])("is off by no more than is said, but for one time in twenty: %s", (engine) => {
    const points = pointsOf(engine);
    expect(points.length).toBeGreaterThan(15);
    const errors = points.flatMap((measured) => errorsFrom(measured, points));
    expect(errors.filter((error) => error > EXPECTED_ERROR.scaled).length).toBeLessThan(errors.length / 20);
  });

  it("is surer within a network", () => {
    for (const measured of pointsOf("native")) {
      const others = pointsOf("native").filter(({ network }) => network === measured.network);
      expect(Math.max(...errorsFrom(measured, others))).toBeLessThan(0.6 * EXPECTED_ERROR.scaled);
    }
  });
});
