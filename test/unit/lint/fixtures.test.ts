import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { READING_RULES } from "../../../src/core/lint/readingRules.ts";
import { RULES } from "../../../src/core/lint/rules.ts";
import { asExpected, expectationOf, experimentFixtures, writeExpectation } from "./fixtures.ts";
import { expectValidPositions, fixed } from "./positions.ts";

const broken = experimentFixtures("broken");
const good = experimentFixtures("good");

describe("broken experiment files", () => {
  it("are many", () => expect(broken.length).toBeGreaterThan(55));

  it.each(broken)("$name is reported as expected", ({ name, text }) => {
    const { facts, ...expected } = expectationOf(name);
    const diagnostics = lintExperiment(text, facts ?? {});
    const found = diagnostics.map(asExpected);
    if (process.env["UPDATE_EXPECTED"] === "1")
      writeExpectation(name, { ...(facts ? { facts } : {}), diagnostics: found });
    else expect(found, "UPDATE_EXPECTED=1 writes the new expectations").toEqual(expected.diagnostics);
    expect(found.length).toBeGreaterThan(0);
    expectValidPositions(text, diagnostics);
  });

  it.each(broken)("$name: each fix settles what it is offered for, and breaks nothing", ({ name, text }) => {
    const { facts } = expectationOf(name);
    const before = lintExperiment(text, facts ?? {});
    for (const diagnostic of before) {
      if (!diagnostic.fix) continue;
      const after = lintExperiment(fixed(text, diagnostic), facts ?? {});
      const same = after.filter(({ code, message }) => code === diagnostic.code && message === diagnostic.message);
      expect(same, `${diagnostic.fix.title} leaves ${diagnostic.message}`).toEqual([]);
      const errors = (list: typeof after) => list.filter(({ severity }) => severity === "error").length;
      expect(errors(after), `${diagnostic.fix.title} brings new errors`).toBeLessThanOrEqual(errors(before));
      expect(after.some(({ code }) => code === "MDM001")).toBe(before.some(({ code }) => code === "MDM001"));
    }
  });

  it("cover every rule but the command line's own", () => {
    const found = new Set(broken.flatMap(({ name }) => expectationOf(name).diagnostics.map(({ code }) => code)));
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
