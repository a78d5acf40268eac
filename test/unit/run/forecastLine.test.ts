import { describe, expect, it } from "vitest";
import { forecastLine } from "../../../src/core/run/forecastLine.ts";
import type { RunForecast } from "../../../src/core/run/forecasts.ts";
import type { RunStatus } from "../../../src/core/run/status.ts";

const first: RunForecast = { seconds: 900, madeAtStep: 0, basis: "scaled", expectedError: 0.4 };
const own: RunForecast = { seconds: 720, madeAtStep: 50, basis: "own", expectedError: 0.1 };
const status: RunStatus = {
  formatVersion: 1,
  state: "running",
  step: 100,
  totalSteps: 1000,
  imagesSeen: 1600,
  imagesPerSecond: 10,
  etaSeconds: 640,
  workSeconds: 100,
  forecasts: [first, own],
  loss: 1,
  heartbeat: "2026-01-01T00:00:00.000Z",
  message: null,
};
const { workSeconds, forecasts, ...bare } = status;

describe("a run's forecast beside what happens", () => {
  it("tells what it took, what is expected now, or what was spent", () => {
    expect(forecastLine({ state: "finished", status: { ...status, workSeconds: 700 } })).toBe(
      "forecast 12m 00s, took 11m 40s",
    );
    expect(forecastLine({ state: "running", status })).toBe("forecast 12m 00s, now expected 12m 20s");
    expect(forecastLine({ state: "stopped", status: { ...status, etaSeconds: null } })).toBe(
      "forecast 12m 00s, 1m 40s spent",
    );
    expect(forecastLine({ state: "running", status: { ...status, etaSeconds: null, forecasts: [first] } })).toBe(
      "forecast 15m 00s",
    );
  });

  it("makes do with what is known", () => {
    expect(forecastLine({ state: "running", status: { ...bare, workSeconds } })).toBe("expected 12m 20s");
    expect(forecastLine({ state: "finished", status: { ...bare, workSeconds } })).toBe("took 1m 40s");
    expect(forecastLine({ state: "running", status: { ...bare, forecasts } })).toBe("forecast 12m 00s");
    expect(forecastLine({ state: "running", status: bare })).toBeNull();
    expect(forecastLine({ state: "damaged", status: null })).toBeNull();
  });
});
