import { describe, expect, test } from "vitest";
import { experimentName, newRunId, runNameProblem, slug } from "../../../src/core/run/names.ts";

describe("runNameProblem", () => {
  test.each([
    "a",
    "faces-01",
    "2026-11-22-emoji-pretrain-01",
    "v1.2_b",
    "Größe",
    "顔",
    "console",
    "com10",
    "a".repeat(120),
  ])("accepts %s", (name) => expect(runNameProblem(name)).toBeNull());
  const bad: [string, RegExp][] = [
    ["", /empty/],
    [".", /relative/],
    ["..", /relative/],
    ["a/b", /path separator/],
    ["..\\b", /path separator/],
    ["a b", /holds " "/],
    ["a:b", /holds ":"/],
    ["a*", /holds "\*"/],
    ["a\n", /holds "\\n"/],
    ["a\0", /holds/],
    [".hidden", /begins with "\."/],
    ["-rf", /begins with "-"/],
    ["end.", /ends with "\."/],
    ["CON", /Windows reserves/],
    ["nul.txt", /Windows reserves/],
    ["com1", /Windows reserves/],
    ["LPT9.log", /Windows reserves/],
    ["a".repeat(121), /longer than 120/],
    ["顔".repeat(41), /longer than 120/],
  ];
  test.each(bad)("refuses %j", (name, problem) => expect(runNameProblem(name)).toMatch(problem));
});

describe("newRunId", () => {
  test("is made of date, experiment, stage and the first free number", () => {
    const id = (taken: string[]) => newRunId("2026-11-22", "Emoji", "pretrain", taken);
    expect(id([])).toBe("2026-11-22-emoji-pretrain-01");
    expect(id(["2026-11-22-emoji-pretrain-01", "2026-11-22-Emoji-Pretrain-02"])).toBe("2026-11-22-emoji-pretrain-03");
    expect(id(["2026-11-22-emoji-pretrain-02"])).toBe("2026-11-22-emoji-pretrain-01");
    const many = Array.from({ length: 99 }, (_, i) => `2026-11-22-emoji-pretrain-${String(i + 1).padStart(2, "0")}`);
    expect(id(many)).toBe("2026-11-22-emoji-pretrain-100");
  });

  test("is a valid name whatever the experiment is called", () => {
    for (const name of ["", "...", "Grüße aus Köln!", "顔", "con", "x".repeat(500), "a/b\\c", "-", "  "]) {
      const id = newRunId("2026-11-22", name, "finetune", []);
      expect(runNameProblem(id), id).toBeNull();
    }
    expect(slug("Grüße aus Köln!")).toBe("gru-e-aus-koln");
    expect(slug("顔")).toBe("run");
  });

  test("the experiment's name is its file's", () => {
    expect(experimentName("/a/b/faces.maskdm.yaml")).toBe("faces");
    expect(experimentName("C:\\a\\faces.yml")).toBe("faces");
    expect(experimentName("faces")).toBe("faces");
    expect(experimentName(".maskdm.yaml")).toBe("experiment");
  });
});
