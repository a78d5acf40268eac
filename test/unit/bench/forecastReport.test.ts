import { describe, expect, it } from "vitest";
import { CASES } from "../../../scripts/forecast/cases.ts";
import { errorOf, markdown, type Result } from "../../../scripts/forecast/report.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";

const MACHINE = { processor: "a processor", cores: 2, system: "linux" };
const result = (name: string, own: number, scaled: number | null = null): Result => ({
  ...{ name, what: `what ${name} is`, seconds: 60, machine: MACHINE, backend: "native", load: 0.1, steps: 900 },
  took: 60,
  forecasts: { own, same: 66, scaled },
});

describe("the configurations that forecasts are held against", () => {
  it("are experiments without errors, each of another kind", () => {
    const texts = CASES.map((one) => JSON.stringify(one.experiment("images", 500)));
    for (const [i, text] of texts.entries()) {
      const { name, stage } = CASES[i]!;
      expect(parseExperiment(text).ok, name).toBe(true);
      const found = lintExperiment(text, { stage }).filter(({ severity }) => severity === "error");
      expect(found, name).toEqual([]);
    }
    expect(new Set(texts).size).toBe(6);
  });
});

describe("the report of forecasts", () => {
  it("tells the machine, each run beside its forecasts, and the worst", () => {
    const text = markdown([result("a", 63), result("b", 57, 30)], ["a", "b"], "npm run x", "2026-01-01");
    expect(text).toContain("a processor, 2 cores, linux; native");
    expect(text).toContain("`npm run x`");
    expect(text).toMatch(/\| what a is .*\| 900 .*\| 1m 00s .*\| 1m 03s \(\+5\.0 %\) .*\| 1m 06s \(\+10\.0 %\) /);
    expect(text).toMatch(/\| what b is .*57s \(−5\.0 %\).*30s \(−50\.0 %\)/);
    expect(text).toContain("off by 5.0 % at most; goal 10 %, met");
    expect(text).toContain("off by 50.0 % at most");
    expect(text).not.toContain("Not measured yet");
  });

  it("says what missed the goal, and what is still to be measured", () => {
    const text = markdown([result("a", 69)], ["a", "b"], "npm run x", "2026-01-01");
    expect(text).toContain("**missed**");
    expect(text).toContain("Not measured yet: b.");
    expect(errorOf(69, 60)).toBeCloseTo(0.15, 9);
  });
});
