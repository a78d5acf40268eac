import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  collectSetOption,
  parseMaskRates,
  parseNonNegativeInteger,
  parsePositiveInteger,
  parsePositiveIntegers,
  parseShare,
} from "../../../src/trainer/cli/options.ts";

describe("option values", () => {
  it("reads numbers and lists", () => {
    expect(parseNonNegativeInteger("0")).toBe(0);
    expect(parsePositiveInteger("12")).toBe(12);
    expect(parseShare("0.25")).toBe(0.25);
    expect(parseMaskRates("0, 0.5,0.9")).toEqual([0, 0.5, 0.9]);
    expect(parsePositiveIntegers("8,32")).toEqual([8, 32]);
  });

  it.each([
    ["parsePositiveInteger", parsePositiveInteger, ["0", "-1", "1.5", "1e3", "", "x", "99999999999999999999"]],
    ["parseNonNegativeInteger", parseNonNegativeInteger, ["-1", " ", "0x10"]],
    ["parseShare", parseShare, ["-0.1", "1.1", "", "NaN"]],
    ["parseMaskRates", parseMaskRates, ["1", "0.5,", "a"]],
    ["parsePositiveIntegers", parsePositiveIntegers, ["8,,32", "8,0"]],
    ["collectSetOption", (text: string) => collectSetOption(text), ["pretrain.steps", "=3", "a b=3", ".a=1", "a..b=1"]],
  ])("%s refuses what is not one", (_name, parse: (text: string) => unknown, texts) => {
    for (const text of texts) expect(() => parse(text), text).toThrow(InvalidArgumentError);
  });

  it("collects repeated --set in order; the value may hold an equals sign or be empty", () => {
    const first = collectSetOption("pretrain.steps=10");
    expect(collectSetOption("data.path=a=b", first)).toEqual([
      { path: "pretrain.steps", value: "10" },
      { path: "data.path", value: "a=b" },
    ]);
    expect(collectSetOption("seed=")).toEqual([{ path: "seed", value: "" }]);
  });
});
