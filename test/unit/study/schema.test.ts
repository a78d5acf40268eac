import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { isValidFor } from "../../../src/core/experiment/keys.ts";
import { axisKey, axisKeyNames, studyKeys } from "../../../src/core/study/kind.ts";
import { lintStudy } from "../../../src/core/study/lint.ts";
import { STUDY_DOCUMENT_PATH, STUDY_SCHEMA_PATH } from "../../../src/core/study/publish.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { studyBase, studyFixtures } from "../lint/fixtures.ts";
import { mutate } from "../lint/mutate.ts";
import { expectValidPositions } from "../lint/positions.ts";

describe("the schema of the study", () => {
  it.each([...studyKeys().keys.values()])("$path has a definition, and a default that it accepts itself", (spec) => {
    expect(spec.schema.description?.length).toBeGreaterThan(15);
    expect(spec.required).toBe(["base", "halving.rungs"].includes(spec.path));
    if (spec.schema.default !== undefined) expect(isValidFor(spec, spec.schema.default)).toBe(true);
  });

  const published = z.fromJSONSchema(
    JSON.parse(readFileSync(STUDY_SCHEMA_PATH, "utf8")) as z.core.JSONSchema.JSONSchema,
  );

  it.each(studyFixtures("good"))("as published accepts $name", ({ text }) => {
    expect(published.safeParse(parse(text)).error).toBe(undefined);
  });

  it("as published refuses what is no study", () => {
    for (const value of [
      {},
      { base: "a", axis: {} },
      { base: "a", metric: "fid" },
      { base: "a", budget: { steps: 0 } },
    ])
      expect(published.safeParse(value).success).toBe(false);
  });

  it("keys of the experiment and the budget may vary, the seed not", () => {
    expect(axisKeyNames()).toContain("mask.rate");
    expect(axisKeyNames()).toContain("budget.seconds");
    expect(axisKeyNames()).not.toContain("seed");
    expect(axisKey("halving.keep")).toBe(null);
  });
});

describe("the document of the study file", () => {
  const examples = [...readFileSync(STUDY_DOCUMENT_PATH, "utf8").matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text]) => text!,
  );

  it("has worked examples", () => expect(examples.length).toBeGreaterThan(3));

  it.each(examples)("that are studies: %#", (text) => {
    const base = `${studyBase().replace("image_size: 32", "image_size: 32, holdout: 0.1")}`;
    const found = lintStudy(text, { base: { text: base, facts: {} } });
    expect(found.filter(({ severity }) => severity !== "info")).toEqual([]);
    expect(readStudy(text).study).not.toBe(null);
  });
});

it("lint survives whatever the text is", () => {
  const texts = [...studyFixtures("good"), ...studyFixtures("broken")]
    .map(({ text }) => text)
    .filter((text) => text.length < 2000);
  for (let seed = 0; seed < 60; seed++) {
    const text = mutate(texts[seed % texts.length]!, seed);
    const base = seed % 4 === 0 ? mutate(studyBase(), seed) : studyBase();
    const facts = seed % 5 === 0 ? {} : { base: { text: base, facts: {} } };
    expectValidPositions(text, lintStudy(text, facts));
  }
});
