import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { SpeedMeasurement } from "../../../src/core/cost/speed.ts";
import { keepMeasurement, machineName, readMeasurements } from "../../../src/node/speedFile.ts";

const folder = mkdtempSync(join(tmpdir(), "maskdm-speed-"));
const file = join(folder, "of the user", "measurements.json");
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const measurement = (key: string, network = "one"): SpeedMeasurement => ({
  key,
  backend: "native",
  points: [
    {
      network,
      parameters: 10,
      visibleTokens: 4,
      microBatchSize: 2,
      flopsPerStep: 100,
      secondsPerStep: 0.5,
      measuredAt: "2026-01-01T00:00:00.000Z",
    },
  ],
});

describe("the user's file of speeds", () => {
  it("keeps measurements beside each other, those of one setting together", () => {
    expect(readMeasurements(file)).toEqual([]);
    keepMeasurement(measurement("a"), file);
    keepMeasurement(measurement("b"), file);
    keepMeasurement(measurement("a", "two"), file);
    const kept = readMeasurements(file);
    expect(kept.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(kept[0]!.points.map(({ network }) => network)).toEqual(["two", "one"]);
  });

  it("passes over what it cannot read, and is written anew by the next measurement", () => {
    keepMeasurement(measurement("a"), file);
    const content = JSON.parse(readFileSync(file, "utf8"));
    content.measurements.push({ key: "torn" });
    writeFileSync(file, JSON.stringify(content));
    expect(readMeasurements(file)).toEqual([measurement("a")]);
    writeFileSync(file, '{"formatVersion":');
    expect(readMeasurements(file)).toEqual([]);
    keepMeasurement(measurement("b"), file);
    expect(readMeasurements(file)).toEqual([measurement("b")]);
  });

  it("names the machine by what its speed depends on", () => {
    expect(machineName()).toMatch(/^.+, .+, \d+ cores$/);
  });
});
