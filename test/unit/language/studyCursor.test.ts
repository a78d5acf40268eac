import { describe, expect, it } from "vitest";
import { studyCursor } from "../../../src/extension/language/studyCursor.ts";

/** What can be written at the | of a text. */
function at(text: string) {
  const lines = text.split("\n");
  const line = lines.findIndex((one) => one.includes("|"));
  const column = lines[line]!.indexOf("|");
  lines[line] = lines[line]!.replace("|", "");
  const found = studyCursor(lines, line, column);
  if (found === null) return null;
  return { ...found, text: lines[line]!.slice(found.start, found.end) };
}

describe("the cursor in a study", () => {
  it("is at a key or value of the study's own outside of axes", () => {
    expect(at("base: a\nse|\naxes:\n  mask.rate: [1]")).toMatchObject({ kind: "key", section: "", text: "se" });
    expect(at("base: a\naxes:\n  mask.rate: [1]\n|")).toMatchObject({
      kind: "key",
      section: "",
      present: ["axes", "base"],
    });
    expect(at("evaluate:\n  space: rand|")).toMatchObject({ kind: "value", path: "evaluate.space", text: "rand" });
    expect(at("metric: |")).toMatchObject({ kind: "value", path: "metric" });
    expect(at("axes: |")).toMatchObject({ kind: "value", path: "axes" });
  });

  it("is at the name of an axis below axes", () => {
    expect(at("axes:\n  mask.ra|\n  model.depth: [3, 5]\nseeds: 3")).toMatchObject({
      kind: "axisKey",
      inPoint: false,
      hasColon: false,
      present: ["model.depth"],
      text: "mask.ra",
    });
    expect(at("axes:\n  |")).toMatchObject({ kind: "axisKey", inPoint: false, text: "" });
    expect(at("axes:\n  mask|.rate: [1]")).toMatchObject({ kind: "axisKey", hasColon: true, text: "mask.rate" });
    expect(at("axes: {mask|")).toMatchObject({ kind: "axisKey", inPoint: false, text: "mask" });
    expect(at("axes: {mask.rate: [0.5], mo|}")).toMatchObject({ kind: "axisKey", present: ["mask.rate"], text: "mo" });
  });

  it("is at the points of an axis, in brackets and in lines of their own", () => {
    expect(at("axes:\n  mask.strategy: [|]")).toMatchObject({ kind: "point", key: "mask.strategy", text: "" });
    expect(at("axes:\n  mask.strategy: [patch, bl|]")).toMatchObject({
      kind: "point",
      key: "mask.strategy",
      text: "bl",
    });
    expect(at("axes: {mask.strategy: [patch, |")).toMatchObject({ kind: "point", key: "mask.strategy" });
    expect(at("axes:\n  mask.strategy:\n    - patch\n    - bl|")).toMatchObject({
      kind: "point",
      key: "mask.strategy",
      text: "bl",
    });
  });

  it("is at keys that vary together, and their values", () => {
    expect(at("axes:\n  how:\n    - {mask.strategy: patch, mask.b|}")).toMatchObject({
      kind: "axisKey",
      inPoint: true,
      present: ["mask.strategy"],
      text: "mask.b",
    });
    expect(at("axes:\n  how:\n    - {mask.strategy: |}")).toMatchObject({ kind: "point", key: "mask.strategy" });
    expect(at("axes:\n  how: [{mask.strategy: pa|}]")).toMatchObject({
      kind: "point",
      key: "mask.strategy",
      text: "pa",
    });
    expect(at("axes:\n  how:\n    - mask.strategy: patch\n      mask.r|")).toMatchObject({
      kind: "axisKey",
      inPoint: true,
      present: ["mask.strategy"],
    });
    expect(at("axes:\n  how:\n    - mask.strategy: pa|")).toMatchObject({ kind: "point", key: "mask.strategy" });
  });

  it("is at an axis that is to be begun, and at a range", () => {
    expect(at("axes:\n  mask.rate: |")).toMatchObject({ kind: "axis", key: "mask.rate", hasSpace: true });
    expect(at("axes:\n  pretrain.lr: {from: 1e-4, t|}")).toMatchObject({
      kind: "rangeKey",
      present: ["from"],
      text: "t",
    });
    expect(at("axes:\n  pretrain.lr:\n    from: 1e-4\n    c|")).toMatchObject({ kind: "rangeKey", present: ["from"] });
  });

  it("is nowhere in comments", () => {
    expect(at("axes:\n  mask.rate: [0.5] # ha|lf")).toBe(null);
  });
});
