import { describe, expect, it } from "vitest";
import { cursorContext } from "../../../src/extension/language/cursorContext.ts";

/** What can be written at the | of a text. */
function at(text: string) {
  const offset = text.indexOf("|");
  const plain = text.slice(0, offset) + text.slice(offset + 1);
  const before = text.slice(0, offset).split("\n");
  return cursorContext(plain.split("\n"), before.length - 1, before.at(-1)!.length);
}

describe("cursorContext", () => {
  it("offers sections at the top of the file, without those that are there", () => {
    expect(at("|")).toMatchObject({ kind: "key", section: "", present: [] });
    expect(at("data:\n  path: a\n|\nmask:\n  rate: 0.5\n")).toMatchObject({
      kind: "key",
      section: "",
      present: ["data", "mask"],
    });
    expect(at("da|")).toEqual({ kind: "key", section: "", present: [], start: 0, end: 2, hasColon: false });
  });

  it("offers keys of the section that a line is indented below", () => {
    expect(at("data:\n  path: a\n  |\n  hflip: 0\nmask:\n  rate: 0\n")).toMatchObject({
      kind: "key",
      section: "data",
      present: ["path", "hflip"],
      start: 2,
      end: 2,
    });
    expect(at("mask:\n  # why\n\n  ra|te: 0.5 # x\n")).toEqual({
      kind: "key",
      section: "mask",
      present: [],
      start: 2,
      end: 6,
      hasColon: true,
    });
  });

  it("knows the value of which key is being written", () => {
    expect(at("mask:\n  strategy: |")).toEqual({
      kind: "value",
      path: "mask.strategy",
      start: 12,
      end: 12,
      hasSpace: true,
    });
    expect(at("mask:\n  strategy:|")).toMatchObject({ path: "mask.strategy", start: 11, hasSpace: false });
    expect(at("mask:\n  strategy: bl|ock  # blocks\n")).toMatchObject({ start: 12, end: 17 });
    expect(at("seed: |\n")).toMatchObject({ kind: "value", path: "seed" });
  });

  it("says nothing where nothing of ours can be written", () => {
    expect(at("mask: # all | of it")).toBe(null);
    expect(at("# a comment |")).toBe(null);
    expect(at("mask: {rate: |}")).toMatchObject({ kind: "value", path: "mask" });
    expect(at("- a |")).toBe(null);
    expect(at("  |\n")).toBe(null);
    expect(at("mask:\n  rate: 0.5\n    deeper: |")).toBe(null);
  });

  it("takes a # in quotes or in a word for text", () => {
    expect(at('data:\n  background: "#ff|')).toMatchObject({ kind: "value", path: "data.background" });
    expect(at("data:\n  path: a#b|")).toMatchObject({ kind: "value", start: 8, end: 11 });
  });
});
