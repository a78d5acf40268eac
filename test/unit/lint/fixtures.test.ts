import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { READING_RULES } from "../../../src/core/lint/readingRules.ts";
import { RULES } from "../../../src/core/lint/rules.ts";
import { checkFixtures } from "./checkFixtures.ts";
import { experimentExpectations, experimentFixtures } from "./fixtures.ts";

const broken = experimentFixtures("broken");
const good = experimentFixtures("good");

const expectations = experimentExpectations;

describe("broken experiment files", () => {
  it("are many", () => expect(broken.length).toBeGreaterThan(55));

  checkFixtures(broken, expectations, lintExperiment);

  it("cover every rule but the command line's own", () => {
    const found = new Set(broken.flatMap(({ name }) => expectations.of(name).diagnostics.map(({ code }) => code)));
    const missing = [...READING_RULES, ...RULES].map(({ code }) => code).filter((code) => !found.has(code));
    // A file that cannot be opened, --set, and what only a resume knows: tested where they arise.
    expect(missing).toEqual(["MDM000", "MDM016", "MDM804", "MDM805", "MDM806"]);
  });
});

describe("good experiment files", () => {
  it.each(good)("$name parses and has no errors", ({ text }) => {
    const parsed = parseExperiment(text);
    expect(parsed.ok ? [] : parsed.diagnostics).toEqual([]);
    expect(lintExperiment(text).filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("the smallest one has nothing to complain about", () => {
    expect(lintExperiment("data:\n  path: ./images\n")).toEqual([]);
  });

  it("warnings about the authors' recipes are those about rounded rates", () => {
    const warned = good.flatMap(({ name, text }) =>
      lintExperiment(text)
        .filter(({ severity }) => severity === "warning")
        .map(({ code }) => `${name} ${code}`),
    );
    expect(warned).toEqual([
      "celeba64-block4-0.1 MDM304",
      "celeba64-block4-0.9 MDM304",
      "celeba64-block8-0.9 MDM304",
      "celeba64-crop-0.1 MDM304",
      "celeba64-crop-0.5 MDM304",
    ]);
  });
});
