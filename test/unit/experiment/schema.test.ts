import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { experimentKeys, isValidFor } from "../../../src/core/experiment/keys.ts";
import {
  EXPERIMENT_DOCUMENT_PATH,
  EXPERIMENT_SCHEMA_PATH,
  publishedExperiment,
} from "../../../src/core/experiment/publish.ts";
import { publishedLintRules } from "../../../src/core/lint/publish.ts";
import { READING_RULES } from "../../../src/core/lint/readingRules.ts";
import { RULES } from "../../../src/core/lint/rules.ts";
import { publishedStudy } from "../../../src/core/study/publish.ts";
import { STUDY_RULES } from "../../../src/core/study/rules.ts";
import { experimentFixtures } from "../lint/fixtures.ts";

const keys = [...experimentKeys().keys.values()];

describe("the schema", () => {
  it.each(keys)("$path has a definition and a default that it accepts itself", (spec) => {
    expect(spec.schema.description?.length).toBeGreaterThan(15);
    if (spec.required) return;
    expect(spec.schema.default).not.toBe(undefined);
    expect(isValidFor(spec, spec.schema.default)).toBe(true);
  });

  it("gives every number but a bare coefficient its unit", () => {
    const bare = keys
      .filter(({ schema }) =>
        [schema, ...(schema.anyOf ?? [])].some(({ type }) => type === "integer" || type === "number"),
      )
      .filter(({ schema }) => schema["x-unit"] === undefined)
      .map(({ name }) => name);
    expect([...new Set(bare)].sort()).toEqual([
      "channels",
      "clip_grad",
      "ema_decay",
      "guidance",
      "logit_mean",
      "logit_std",
      "lr",
      "min_snr_gamma",
      "seed",
      "weight_decay",
    ]);
  });

  it("requires data.path alone", () => {
    expect(keys.filter(({ required }) => required).map(({ path }) => path)).toEqual(["data.path"]);
    expect(experimentKeys().json.required).toEqual(["data"]);
  });
});

describe("the published JSON Schema", () => {
  // Read back by a reader of JSON Schema, so that what is published is what is tested.
  const published = z.fromJSONSchema(
    JSON.parse(readFileSync(EXPERIMENT_SCHEMA_PATH, "utf8")) as z.core.JSONSchema.JSONSchema,
  );

  it.each(experimentFixtures("good"))("accepts $name", ({ text }) => {
    const value: unknown = parse(text.replace(/^\ufeff/, ""), { merge: true });
    expect(published.safeParse(value).error).toBe(undefined);
  });

  it.each([
    ["an unknown section", { data: { path: "x" }, masks: {} }],
    ["an unknown key", { data: { path: "x", size: 3 } }],
    ["no path", { data: {} }],
    ["no data", {}],
    ["a rate of 1", { data: { path: "x" }, mask: { rate: 1 } }],
    ["a fraction of a step", { data: { path: "x" }, pretrain: { steps: 1.5 } }],
    ["a text for a number", { data: { path: "x" }, pretrain: { lr: "2e-4" } }],
    ["an unknown strategy", { data: { path: "x" }, mask: { strategy: "blocks" } }],
    ["three betas", { data: { path: "x" }, pretrain: { betas: [0.9, 0.9, 0.9] } }],
  ])("refuses %s", (_, value) => {
    expect(published.safeParse(value).success).toBe(false);
  });
});

describe("generated documents", () => {
  const generated = Object.entries({
    ...publishedExperiment(),
    ...publishedStudy(),
    ...publishedLintRules(STUDY_RULES),
  });

  it.each(generated)("%s is up to date (npm run docs)", (path, text) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("the experiment document describes every key", () => {
    const text = readFileSync(EXPERIMENT_DOCUMENT_PATH, "utf8");
    for (const { name } of keys) expect(text).toContain(`| \`${name}\` |`);
  });
});

describe("lint codes", () => {
  const all = [...READING_RULES, ...RULES, ...STUDY_RULES];
  const codes = all.map(({ code }) => code);

  it("are unique, well formed and in order", () => {
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every((code) => /^MDM\d{3}$/.test(code))).toBe(true);
    expect(codes).toEqual([...codes].sort());
  });

  it("and names do not change: scripts rely on them", () => {
    expect(all.map(({ code, name }) => `${code} ${name}`)).toMatchSnapshot();
  });
});
