/** The studies that `npm run evidence` computes, without computing them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DOCUMENTS } from "../../../scripts/evidence/catalogue.ts";
import { groupsOf } from "../../../scripts/evidence/compare.ts";
import { estimate } from "../../../scripts/evidence/listing.ts";
import { prepareStudies, type Size } from "../../../scripts/evidence/prepare.ts";
import { savings } from "../../../scripts/evidence/savings.ts";
import { type Speeds, speedKey } from "../../../scripts/evidence/speeds.ts";
import { lintStudy } from "../../../src/core/study/lint.ts";

const folder = mkdtempSync(join(tmpdir(), "maskdm-catalogue-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const from = "scripts/evidence/studies";
const USUAL: Size = { full: false, seeds: null, seconds: null };
const prepared = (name: string, size = USUAL) =>
  prepareStudies(DOCUMENTS.find((document) => document.name === name)!, size, { from, into: join(folder, "studies") });

describe.each(DOCUMENTS.map(({ name }) => name))("the studies of %s", (name) => {
  it("are such that lint has nothing against them", () => {
    for (const { file, loaded } of prepared(name)) {
      const base = { text: loaded.texts.baseText, facts: {} };
      const found = lintStudy(readFileSync(file, "utf8"), { base });
      expect(found.filter(({ severity }) => severity !== "info")).toEqual([]);
    }
  });

  // Every configuration can be trained, or they could not be prepared.
  it("have a larger version", () => {
    const cells = (full: boolean) =>
      prepared(name, { full, seeds: 1, seconds: null }).map(({ loaded }) => loaded.plan.cells.length);
    const usual = cells(false);
    cells(true).forEach((amount, i) => {
      expect(amount).toBeGreaterThanOrEqual(usual[i]!);
    });
  });

  it("name all compared points or none, in the larger version too", () => {
    for (const full of [false, true]) {
      for (const { names, loaded } of prepared(name, { ...USUAL, full }))
        if (names !== undefined) expect(names).toHaveLength(loaded.plan.axes[0]!.points.length);
    }
  });

  it("compare with a baseline that is in each group", () => {
    for (const { loaded } of prepared(name)) {
      for (const { plan } of groupsOf(loaded.plan)) {
        expect(plan.configurations.length).toBeGreaterThan(1);
        expect(plan.cells).toHaveLength(plan.configurations.length * plan.seeds.length);
        expect(new Set(plan.configurations.map(({ label }) => label)).size).toBe(plan.configurations.length);
      }
    }
  });
});

it("masking takes less than three hours, with three seeds or more", () => {
  const seen = new Set<string>();
  const studies = prepared("masking");
  const speeds = { measuredAt: "", secondsPerStep: {} };
  const all = studies.map(({ loaded }) => estimate(loaded.plan, speeds, seen));
  const seconds = all.reduce((sum, { trainingSeconds, otherSeconds }) => sum + trainingSeconds + otherSeconds, 0);
  // What is not counted: budgets in images, drawing, and measuring held-out losses and speeds.
  expect(seconds).toBeLessThan(2.75 * 3600);
  for (const { loaded } of studies) expect(loaded.plan.seeds.length).toBeGreaterThanOrEqual(3);
});

it("the largest budget of masking-budgets is what masking-pictures draws from", () => {
  const [budgets, pictures] = ["masking-budgets", "masking-pictures"].map(
    (name) => prepared("masking").find((study) => study.name === name)!.loaded.plan,
  );
  expect([...pictures!.runs.keys()].filter((id) => !budgets!.runs.has(id))).toEqual([]);
});

it("are scaled in proportion, seconds wherever they stand and images alike", () => {
  const secondsOf = (size: Size) =>
    prepared("masking", size).flatMap(({ loaded }) =>
      [...loaded.plan.runs.values()].map(({ seconds, experiment, stage }) => seconds ?? experiment[stage].steps),
    );
  const [usual, scaled] = [secondsOf(USUAL), secondsOf({ ...USUAL, seconds: 180 })];
  expect(usual.length).toBe(scaled.length);
  usual.forEach((value, i) => {
    expect(scaled[i]! / value).toBeCloseTo(2, 1);
  });
});

it("measure a speed once for all that it does not depend on", () => {
  const runs = prepared("masking").flatMap(({ loaded }) => [...loaded.plan.runs.values()]);
  const keys = new Set(runs.map(speedKey));
  // By strategy and rate, mode, network, grid: whole images of one grid have one speed whatever they were pretrained on.
  expect(keys.size).toBeLessThan(40);
  const [first] = runs;
  const change = (key: "lr" | "batch_size", value: number) =>
    speedKey({
      ...first!,
      experiment: { ...first!.experiment, [first!.stage]: { ...first!.experiment[first!.stage], [key]: value } },
    });
  expect(change("lr", 1e-5)).toBe(speedKey(first!));
  expect(change("batch_size", 7)).not.toBe(speedKey(first!));
});

describe("what hiding saves", () => {
  const plans = () => prepared("masking").map(({ loaded }) => loaded.plan);
  const rows = (speeds: Speeds): string[][] =>
    savings(plans(), speeds)
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split("|").map((cell) => cell.trim()));

  it("has a row for each mask whose steps were timed, its time an image's share of a whole one's", () => {
    const times = (seconds: number): number[] => [seconds, 2 * seconds, 3 * seconds];
    const runs = plans().flatMap((plan) => [...plan.runs.values()]);
    const measured = rows({
      measuredAt: "",
      secondsPerStep: Object.fromEntries(runs.map((run) => [speedKey(run), times(run.stage === "pretrain" ? 1 : 4)])),
    });
    expect(measured[0]!.slice(1, -1)).toEqual(["network", "hidden", "visible", "attention", "operations", "time"]);
    const block = measured.find(
      ([, network, hidden]) => network === "uvit, width 96, 1024 tokens" && /^block/.test(hidden!),
    );
    // A step takes a quarter of the time, with 32 images instead of 16.
    expect(block!.slice(2, -1)).toEqual(["block 88 %", "128", "63 %", "0.057", "0.125"]);
    const names = measured.map((row) => row.slice(1, 3).join());
    expect(new Set(names).size).toBe(names.length);
  });

  it("leaves out what was not timed, and reckons the networks of publications", () => {
    const reckoned = rows({ measuredAt: "", secondsPerStep: {} });
    expect(reckoned.map(([, network]) => network)).not.toContain("uvit, width 192, 64 tokens");
    // n / (6D + n) for 4,096 tokens and a width of 768 is 0.47; the ends of the network and the long skips take a little.
    expect(reckoned.find(([, network]) => network === "MaskDM-B, 256 px")!.slice(2, 4)).toEqual(["4096", "45 %"]);
  });
});
