import { describe, expect, it } from "vitest";
import { formatDuration, formatStepTime } from "../../../src/core/durationText.ts";
import { createProgress, formatCount, formatRate, type ProgressOptions } from "../../../src/trainer/cli/progress.ts";
import { memoryIo } from "./memoryIo.ts";

/** A progress with a clock that the test turns. */
function progressAt(terminal: boolean, columns = 80, options: Partial<ProgressOptions> = {}) {
  const { io, err } = memoryIo(terminal, columns);
  const clock = { ms: 0 };
  const progress = createProgress(io, {
    label: "pretrain",
    total: 400,
    unit: "steps",
    now: () => clock.ms,
    ...options,
  });
  const lines = () => err.text.split("\n").filter((line) => line !== "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal control sequences are what is taken apart here
  const drawn = () => err.text.split(/\r\x1b\[2K|\x1b\[\?25[lh]/).filter((line) => line !== "");
  return { progress, clock, lines, drawn, err };
}

describe("progress without a terminal", () => {
  it("prints a line at intervals, and one at the end", () => {
    const { progress, clock, lines } = progressAt(false, 80, { plainSeconds: 10 });
    for (let step = 1; step <= 400; step++) {
      clock.ms += 100;
      progress.update(step, `loss ${(1 / step).toFixed(2)}`);
    }
    progress.finish();
    expect(lines()).toEqual([
      "pretrain: 0% 1/400 steps · 10.0/s · ETA 40s · loss 1.00",
      "pretrain: 25% 101/400 steps · 10.0/s · ETA 30s · loss 0.01",
      "pretrain: 50% 201/400 steps · 10.0/s · ETA 20s · loss 0.00",
      "pretrain: 75% 301/400 steps · 10.0/s · ETA 10s · loss 0.00",
      "pretrain: 400 steps in 40s · loss 0.00",
    ]);
  });

  it("leaves work that was done earlier out of the rate", () => {
    const { progress, clock, lines } = progressAt(false, 80, { start: 300 });
    clock.ms = 1000;
    progress.update(310);
    expect(lines()).toEqual(["pretrain: 77% 310/400 steps · 10.0/s · ETA 9s"]);
  });

  it("says where it stopped", () => {
    const { progress, clock, lines } = progressAt(false);
    clock.ms = 60_000;
    progress.update(20);
    progress.finish("stopped");
    expect(lines().at(-1)).toBe("pretrain: 20 of 400 steps in 1m 00s · stopped");
  });
});

describe("progress on a terminal", () => {
  it("redraws one line within the width, and gives the cursor back", () => {
    for (const columns of [200, 80, 60, 40, 20]) {
      const { progress, clock, drawn, err } = progressAt(true, columns);
      for (let step = 1; step <= 400; step++) {
        clock.ms += 50;
        progress.update(step, "loss 0.1234");
      }
      const shown = drawn();
      expect(shown.length).toBeGreaterThan(100);
      expect(shown.length).toBeLessThanOrEqual(201);
      expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(columns);
      progress.finish();
      expect(err.text.startsWith("\x1b[?25l")).toBe(true);
      expect(err.text.endsWith("\x1b[?25hpretrain: 400 steps in 20s · loss 0.1234\n")).toBe(true);
    }
  });

  it("fills the bar with the share done", () => {
    const { progress, clock, drawn } = progressAt(true, 120);
    clock.ms = 1000;
    progress.update(100);
    expect(drawn()).toEqual([`pretrain [${"█".repeat(6)}${"░".repeat(18)}] 25% 100/400 steps · 100/s · ETA 3s`]);
  });

  it("tells what is left by what is known better than its count", () => {
    const { progress, clock, drawn } = progressAt(true, 120);
    clock.ms = 1000;
    progress.update(100, "", 65);
    expect(drawn()[0]).toContain("100/s · ETA 1m 05s");
  });

  it("follows a rate that changes", () => {
    const { progress, clock, drawn } = progressAt(true, 200, { total: 100_000 });
    for (let i = 0, done = 0; i < 600; i++) {
      clock.ms += 1000;
      done += i < 300 ? 100 : 10;
      progress.update(done);
    }
    expect(drawn().at(-1)).toContain("10.0/s");
  });
});

it("formats numbers for readers", () => {
  expect([0, 999, 1234567].map(formatCount)).toEqual(["0", "999", "1,234,567"]);
  expect([0, 0.0123, 0.5, 7.777, 12.34, 123.4, 4321].map(formatRate)).toEqual([
    "0.0",
    "0.0123",
    "0.500",
    "7.78",
    "12.3",
    "123",
    "4,321",
  ]);
  expect([0.2, 59.4, 59.6, 3599, 3600, 7500, 86_399, 90_000, Number.POSITIVE_INFINITY].map(formatDuration)).toEqual([
    "0s",
    "59s",
    "1m 00s",
    "59m 59s",
    "1h 00m",
    "2h 05m",
    "1d 00h",
    "1d 01h",
    "?",
  ]);
});

it("step times keep their fractions where they matter", () => {
  expect([0.0042, 0.0099, 0.12, 0.9994, 0.9996, 1.44, 9.96, 75].map(formatStepTime)).toEqual([
    "4.2 ms",
    "9.9 ms",
    "120 ms",
    "999 ms",
    "1.0 s",
    "1.4 s",
    "10s",
    "1m 15s",
  ]);
});
