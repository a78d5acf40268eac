import { describe, expect, it } from "vitest";
import { chipText, isNumeric, parseValues, suggestions } from "../../../webview/study/axisValues.ts";

describe("values that are typed for an axis", () => {
  it("are one, or several with commas between, of the key's own kind", () => {
    expect(parseValues("mask.rate", "0.5")).toEqual({ ok: true, values: [0.5] });
    expect(parseValues("mask.rate", "0.1, 0.5,0.9 ,")).toEqual({ ok: true, values: [0.1, 0.5, 0.9] });
    expect(parseValues("mask.strategy", "patch, block")).toEqual({ ok: true, values: ["patch", "block"] });
    expect(parseValues("sample.clip", "true, false")).toEqual({ ok: true, values: [true, false] });
    expect(parseValues("budget.pretrain", "0, 0.5")).toEqual({ ok: true, values: [0, 0.5] });
  });

  it("of a key that takes a list are one list", () => {
    expect(parseValues("pretrain.betas", "0.9, 0.99")).toEqual({ ok: true, values: [[0.9, 0.99]] });
  });

  it("are refused where the key does not take them, with what it takes", () => {
    expect(parseValues("mask.strategy", "patch, blok")).toMatchObject({
      ok: false,
      why: expect.stringMatching(/block/),
    });
    expect(parseValues("mask.rate", "much")).toMatchObject({ ok: false });
    expect(parseValues("budget.steps", "many")).toMatchObject({ ok: false, why: expect.stringMatching(/number/) });
    expect(parseValues("mask.rat", "0.5")).toEqual({ ok: false, why: "There is no key mask.rat in an experiment." });
  });

  it("are suggested where there are few", () => {
    expect(suggestions("mask.strategy")).toContain("crop");
    expect(suggestions("sample.clip")).toEqual(["true", "false"]);
    expect(suggestions("mask.rate")).toEqual([]);
  });

  it("may be a range where they are numbers", () => {
    expect(isNumeric("mask.rate")).toBe(true);
    expect(isNumeric("budget.seconds")).toBe(true);
    expect(isNumeric("mask.strategy")).toBe(false);
  });

  it("are shown as the file has them, those that vary together with their keys", () => {
    expect(chipText(2e-4)).toBe("2e-4");
    expect(chipText({ "model.patch_size": 4, "model.depth": 9 })).toBe("patch_size 4, depth 9");
  });
});
