import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type MetricsLine, parseMetricsLine } from "../../../src/core/run/metrics.ts";
import { MetricsSeries, stepsInOrder } from "../../../src/core/run/metricsSeries.ts";
import { MetricsTail, readMetrics } from "../../../src/core/run/metricsTail.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { MetricsWriter } from "../../../src/trainer/run/metricsWriter.ts";
import { stepMetrics } from "./examples.ts";
import { temporaryFolder } from "./support.ts";

const step = (number: number): MetricsLine => ({ type: "step", ...stepMetrics(number) });
const resume = (number: number): MetricsLine => ({ type: "resume", step: number });
const text = (lines: readonly MetricsLine[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

describe("stepsInOrder", () => {
  const cases: [what: string, lines: MetricsLine[], kept: number[]][] = [
    ["no resume", [step(1), step(2)], [1, 2]],
    ["a clean stop", [step(1), step(2), resume(2), step(3)], [1, 2, 3]],
    ["a kill beyond the checkpoint", [step(1), step(2), step(3), resume(1), step(2), step(3)], [1, 2, 3]],
    ["a restart from nothing", [step(1), step(2), resume(0), step(1)], [1]],
    ["two kills before new steps", [step(1), step(2), step(3), resume(2), resume(1), step(2)], [1, 2]],
    ["a resume that was never used", [step(1), step(2), resume(1)], [1]],
    ["a backup put back without a resume", [step(1), step(2), step(3), step(2), step(4)], [1, 2, 3, 4]],
    ["two writers at once", [step(10), step(4), step(11), step(5), step(12)], [4, 5, 10, 11, 12]],
    ["a resume below steps that went back", [step(10), step(4), step(7), resume(6), step(7)], [4, 7]],
  ];
  test.each(cases)("%s", (_, lines, kept) => {
    expect(stepsInOrder(lines).map((line) => line.step)).toEqual(kept);
  });

  test("the last line of a step counts", () => {
    const lineOf = (number: number, loss: number): MetricsLine => ({ type: "step", ...stepMetrics(number), loss });
    const lines = [
      lineOf(1, 10),
      lineOf(2, 20),
      lineOf(3, 30),
      lineOf(2, 21),
      lineOf(2, 22),
      lineOf(3, 31),
      lineOf(4, 40),
    ];
    expect(stepsInOrder(lines).map((line) => [line.step, line.loss])).toEqual([
      [1, 10],
      [2, 22],
      [3, 31],
      [4, 40],
    ]);
  });

  test("a series says which step changed first", () => {
    const series = new MetricsSeries();
    expect(series.add([step(10), step(20), step(30)])).toBe(0);
    expect(series.add([])).toBe(3);
    expect(series.add([step(40)])).toBe(3);
    expect(series.add([step(25), step(50)])).toBe(2);
    expect(series.add([resume(20)])).toBe(2);
    expect(series.steps.map((line) => line.step)).toEqual([10, 20]);
  });
});

describe("parseMetricsLine", () => {
  test("tells lines apart from what is torn, wrong or unknown", () => {
    expect(parseMetricsLine(JSON.stringify(step(3)))).toEqual(step(3));
    expect(parseMetricsLine('{"type":"resume","step":4,"time":"2026-11-22T21:41:00.000Z"}')).toMatchObject({ step: 4 });
    for (const line of ["", "  ", '{"type":"evaluation","fid":3}']) expect(parseMetricsLine(line)).toBe("other");
    const whole = JSON.stringify(step(3));
    for (const line of [whole.slice(0, -1), "null", "7", "{}", '{"type":"step","step":3}', "\0\0\0"]) {
      expect(parseMetricsLine(line), line).toBe("malformed");
    }
    expect(parseMetricsLine('{"type":"resume","step":-1}')).toBe("malformed");
  });

  test("ignores fields it does not know", () => {
    expect(parseMetricsLine(JSON.stringify({ ...step(3), temperature: 60 }))).toEqual(step(3));
  });
});

describe("MetricsTail", () => {
  const lines = [step(1), step(2), resume(1), step(2), step(3)];
  const unknown = '{"type":"note","text":"größer 😀"}\n';
  const bytes = Buffer.from(`${text(lines.slice(0, 2))}${unknown}{"type":"st\n${text(lines.slice(2))}`);

  test("gives the same lines however the bytes arrive", () => {
    for (const size of [1, 2, 3, 7, 64, 1000, bytes.length]) {
      const tail = new MetricsTail();
      const found: MetricsLine[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        found.push(...tail.feed(chunk));
        chunk.fill(0); // the caller may use its buffer again
      }
      expect(found).toEqual(lines);
      expect(tail.offset).toBe(bytes.length);
      expect(tail.malformed).toBe(1);
    }
  });

  test("holds a line back until it is complete", () => {
    const tail = new MetricsTail();
    const first = Buffer.from(JSON.stringify(step(1)));
    expect(tail.feed(first)).toEqual([]);
    expect(tail.feed(new Uint8Array(0))).toEqual([]);
    expect(tail.feed(Buffer.from("\n"))).toEqual([step(1)]);
    expect(tail.feed(first)).toEqual([]);
    expect(tail.finish()).toEqual([step(1)]);
    expect(tail.finish()).toEqual([]);
  });

  test("starts over after reset", () => {
    const tail = new MetricsTail();
    tail.feed(Buffer.from('{"half'));
    tail.reset();
    expect(tail.offset).toBe(0);
    expect(tail.feed(Buffer.from(text([step(1)])))).toEqual([step(1)]);
    expect(tail.malformed).toBe(0);
  });

  test("readMetrics reads a whole file", () => {
    const { steps, malformed } = readMetrics(bytes);
    expect(steps.map((line) => line.step)).toEqual([1, 2, 3]);
    expect(malformed).toBe(1);
  });
});

describe("MetricsWriter", () => {
  const ownLock = { glance: () => {} };
  const write = (runDir: string, resumedFrom: number | null, steps: readonly number[]) => {
    const writer = new MetricsWriter(runDir, resumedFrom, ownLock);
    for (const number of steps) writer.append(stepMetrics(number));
    writer.sync();
    writer.close();
  };
  const stepsOf = (runDir: string) => readRunMetrics(runDir).map((line) => line.step);

  test("appends, and voids on resume what lies beyond the checkpoint", () => {
    const runDir = temporaryFolder();
    expect(readRunMetrics(runDir)).toEqual([]);
    write(runDir, null, [1, 2, 3]);
    expect(readRunMetrics(runDir)[1]).toEqual(step(2));
    const before = readFileSync(join(runDir, "metrics.jsonl"), "utf8");
    write(runDir, 1, [2, 3, 4]);
    expect(stepsOf(runDir)).toEqual([1, 2, 3, 4]);
    expect(readFileSync(join(runDir, "metrics.jsonl"), "utf8").startsWith(before)).toBe(true);
  });

  test("closes a torn line wherever a kill has torn it", () => {
    const runDir = temporaryFolder();
    const path = join(runDir, "metrics.jsonl");
    const line = JSON.stringify(step(2));
    for (let cut = 1; cut <= line.length; cut += 9) {
      writeFileSync(path, text([step(1)]));
      appendFileSync(path, line.slice(0, cut));
      write(runDir, 1, [2, 3]);
      expect(stepsOf(runDir)).toEqual([1, 2, 3]);
    }
  });

  test("writes numbers that are not finite as null", () => {
    const runDir = temporaryFolder();
    const writer = new MetricsWriter(runDir, null, ownLock);
    writer.append({ ...stepMetrics(1), loss: Number.NaN, gradNorm: Number.POSITIVE_INFINITY });
    writer.close();
    expect(readRunMetrics(runDir)[0]).toMatchObject({ step: 1, loss: null, gradNorm: null });
  });
});
