import { describe, expect, it } from "vitest";
import { lintStudy } from "../../../src/core/study/lint.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { STUDY_RULES } from "../../../src/core/study/rules.ts";
import type { StudyLintFacts } from "../../../src/core/study/studyRule.ts";
import { checkFixtures } from "./checkFixtures.ts";
import { studyBase, studyExpectations, studyFixtures } from "./fixtures.ts";

const broken = studyFixtures("broken");
const good = studyFixtures("good");
const lint = (text: string, facts: StudyLintFacts = {}) =>
  lintStudy(text, { base: { text: studyBase(), facts: {} }, ...facts });

describe("broken study files", () => {
  checkFixtures(broken, studyExpectations, lint);

  it("cover every rule", () => {
    const found = new Set(broken.flatMap(({ name }) => studyExpectations.of(name).diagnostics.map(({ code }) => code)));
    expect(STUDY_RULES.map(({ code }) => code).filter((code) => !found.has(code))).toEqual([]);
  });

  it("are no studies where they have errors that the text shows", () => {
    for (const { text } of broken) {
      const { study, diagnostics } = readStudy(text);
      expect(study === null).toBe(diagnostics.some(({ severity }) => severity === "error"));
    }
  });
});

describe("good study files", () => {
  it.each(good)("$name has nothing to complain about", ({ text }) => {
    expect(lint(text).filter(({ severity }) => severity !== "info")).toEqual([]);
    expect(readStudy(text).study).not.toBe(null);
  });
});
