/** `mask.rate` as a list of pieces: read, refused in words, and changed in place. */
import { describe, expect, it } from "vitest";
import { changeKeys, type KeyValue } from "../../../src/core/experiment/changeKeys.ts";
import { changedKeys } from "../../../src/core/experiment/changeOnResume.ts";
import { applyOverrides, parseExperiment } from "../../../src/core/experiment/parse.ts";
import { readExperiment } from "../../../src/core/experiment/read.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";

const TEXT = `data:
  path: images
mask:
  block_size: 2
  # how much is hidden
  rate:
    # at first
    - {until: 0.5, rate: 0.9} # hardly anything is seen
    - until: 800 # then
      rate: 0.5
      strategy: patch
    - {rate: 0} # whole images
pretrain:
  steps: 1000
`;
const PIECES = [{ until: 0.5, rate: 0.9 }, { until: 800, rate: 0.5, strategy: "patch" }, { rate: 0 }];

function experimentOf(text: string): Experiment {
  const parsed = parseExperiment(text);
  if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
  return parsed.experiment;
}

const changed = (rate: KeyValue): string => changeKeys(TEXT, [{ path: "mask.rate", value: rate }]);

describe("a list of pieces", () => {
  it("is read, written on one line or on several", () => {
    expect(experimentOf(TEXT).mask.rate).toEqual(PIECES);
    const set = applyOverrides("data:\n  path: x\n", [
      { path: "mask.rate", value: "[{until: 0.5, rate: 0.9}, {until: 800, rate: 0.5, strategy: patch}, {rate: 0}]" },
    ]);
    expect(experimentOf(set).mask.rate).toEqual(PIECES);
    expect(set).toContain("rate: [{until: 0.5, rate: 0.9}, {until: 800, rate: 0.5, strategy: patch}, {rate: 0}]");
  });

  it("has the place of every piece and key", () => {
    const { document } = readExperiment(TEXT);
    expect(document.isSet("mask.rate[1].strategy")).toBe(true);
    expect(document.isSet("mask.rate[0].strategy")).toBe(false);
    expect(document.isSet("mask.rate[3]")).toBe(false);
    expect(document.valueText("mask.rate[1].until")).toBe("800");
    expect(document.valueRange("mask.rate[2]")).toMatchObject({ line: 12, column: 7, endColumn: 16 });
    expect(document.locate(["mask.rate[1].block_size", "mask.rate[1]"])).toMatchObject({ line: 9, column: 7 });
    expect(document.itemRanges("mask.rate").map(({ line }) => line)).toEqual(
      expect.arrayContaining([8, 9, 10, 11, 12]),
    );
  });

  it("is compared as a whole", () => {
    const other = experimentOf(TEXT.replace("rate: 0.5", "rate: 0.25"));
    expect(changedKeys(experimentOf(TEXT), other)).toMatchObject([{ path: "mask.rate" }]);
    expect(changedKeys(experimentOf(TEXT), experimentOf(TEXT))).toEqual([]);
  });
});

describe("a wrong piece", () => {
  const problems = (rate: string) =>
    readExperiment(`data:\n  path: x\nmask:\n  rate:\n${rate}`).diagnostics.map(
      ({ code, line, message, fix }) => `${code} ${line} ${message}${fix ? ` [${fix.title}]` : ""}`,
    );

  it("is named with its key, where it stands", () => {
    expect(
      problems(
        "    - {untl: 1000, rate: 0.9}\n    - {until: 0.5, rate: 90}\n    - {until: 1.5}\n    - 0.5\n    - {rate: 0.5, strategy: blok}\n",
      ),
    ).toEqual([
      'MDM010 5 There is no key "untl" in mask.rate[0]. Did you mean until? [Rename to until]',
      "MDM013 6 mask.rate[1].rate must be a number at least 0 and below 1, but is 90. If per cent are meant, write 0.9. [Write rate: 0.9]",
      "MDM011 7 mask.rate[2].rate is missing: a piece has a rate, such as {until: 1000, rate: 0.9}.",
      "MDM013 7 mask.rate[2].until must be a whole number from 1 to 1,000,000,000 or a number above 0 and below 1 (steps, or share of pretrain.steps), but is 1.5.",
      "MDM012 8 mask.rate[3] must be a piece such as {until: 1000, rate: 0.9}, but is 0.5.",
      'MDM014 9 mask.rate[4].strategy must be one of patch, block, stratified, crop or none, but is the text "blok". Did you mean block? [Write strategy: block]',
    ]);
  });

  it("refuses the whole list, and a list of none is refused as a whole", () => {
    expect(readExperiment(TEXT.replace("rate: 0.5", "rate: 5")).refused).toEqual(new Set(["mask.rate"]));
    expect(problems("    []\n")).toEqual([
      "MDM013 5 mask.rate must be a number at least 0 and below 1 or a list of up to 32 pieces, but is the list [].",
    ]);
  });
});

describe("a list that a form changes", () => {
  const lines = (text: string) => text.split("\n");
  const same = (text: string) => lines(TEXT).filter((line) => !lines(text).includes(line));

  it("keeps comments and layout of the pieces that stay", () => {
    const other = changed([PIECES[0]!, PIECES[1]!, { rate: 0.25 }]);
    expect(other).toBe(TEXT.replace("{rate: 0}", "{rate: 0.25}"));
    expect(changed(PIECES)).toBe(TEXT);
    const middle = changed([PIECES[0]!, { until: 900, rate: 0.5 }, PIECES[2]!]);
    expect(experimentOf(middle).mask.rate).toEqual([PIECES[0]!, { until: 900, rate: 0.5 }, PIECES[2]!]);
    expect(same(middle)).toEqual(["    - until: 800 # then", "      rate: 0.5", "      strategy: patch"]);
  });

  it("has pieces put in and taken out, as lines", () => {
    const longer = changed([...PIECES, { rate: 0.1 }]);
    expect(longer).toBe(TEXT.replace("# whole images\n", "# whole images\n    - {rate: 0.1}\n"));
    const first = changed([{ until: 10, rate: 0.95 }, ...PIECES]);
    expect(first).toBe(TEXT.replace("    - {until: 0.5", "    - {until: 10, rate: 0.95}\n    - {until: 0.5"));
    expect(changed([PIECES[0]!, PIECES[2]!])).toBe(
      TEXT.replace("    - until: 800 # then\n      rate: 0.5\n      strategy: patch\n", ""),
    );
    expect(changed([PIECES[0]!, PIECES[1]!])).toBe(TEXT.replace("    - {rate: 0} # whole images\n", ""));
  });

  it("may become a number, and a number a list", () => {
    const one = changed(0.75);
    expect(experimentOf(one).mask).toMatchObject({ rate: 0.75, block_size: 2 });
    expect(one).toContain("  # how much is hidden\n  rate: 0.75\npretrain:");
    expect(experimentOf(changeKeys(one, [{ path: "mask.rate", value: PIECES }])).mask.rate).toEqual(PIECES);
  });
});
