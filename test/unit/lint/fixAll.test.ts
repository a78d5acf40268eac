import { describe, expect, it } from "vitest";
import { applyEdits } from "../../../src/core/experiment/lineIndex.ts";
import { fixAll } from "../../../src/core/lint/fixAll.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { experimentFixtures } from "./fixtures.ts";

function fixed(text: string): string {
  const edit = fixAll(text, lintExperiment);
  return edit === null ? text : applyEdits(text, [edit]);
}

describe("fixAll", () => {
  it("mends several mistakes at once and leaves the rest of the text alone", () => {
    const text = "# mine\ndata:\n  path: ./images # all\n  hflip: 50%\nmask:\n  rat: 0.75\n  block_size: 4\nsede: 3\n";
    expect(fixed(text)).toBe(
      "# mine\ndata:\n  path: ./images # all\n  hflip: 0.5\nmask:\n  rate: 0.75\n  block_size: 4\nseed: 3\n",
    );
  });

  it("writes dotted keys below their sections, comments included", () => {
    const text =
      "# mine\ndata.path: ./images # all\nmodel:\n  depth: 5\ndata.hflip: 0.5 # half\nmodel.patch_size: 4 # small\nmask: {rate: 0.5}\nmask.block_size: 2\n";
    expect(fixed(text)).toBe(
      "# mine\ndata:\n  path: ./images # all\n  hflip: 0.5 # half\nmodel:\n  depth: 5\n  patch_size: 4 # small\nmask: {rate: 0.5, block_size: 2}\n",
    );
    // Where it cannot be moved line by line, or is there already, it is only told.
    for (const left of [
      "{data.path: a}\n",
      "data.path: |\n  a\n",
      "data:\n  path: a\ndata.path: b\n",
      "data.path: a\ndata.path: b\n",
    ])
      expect(fixed(left)).toBe(left);
  });

  it("goes on with what a fix brings to light", () => {
    // The misspelt key hides that blocks of 5 do not divide the grid of 16.
    expect(fixed("data:\n  path: ./images\nmask:\n  rate: 0.75\n  blok_size: 5\n")).toContain("block_size: 4");
  });

  it("touches only the lines that change", () => {
    const text = `data:\n  path: ./images\n  hflip: 50%\n${"# a\n".repeat(50)}`;
    expect(fixAll(text, lintExperiment)).toEqual({ line: 3, column: 10, endLine: 3, endColumn: 13, newText: "0.5" });
  });

  it("has nothing to do for a file without problems", () => {
    expect(fixAll("data:\n  path: ./images\n", lintExperiment)).toBe(null);
  });

  it.each(experimentFixtures("broken").map(({ name, text }) => [name, text]))(
    "leaves no error in %s that a fix was offered for",
    (_, text) => {
      const left = lintExperiment(fixed(text)).filter(({ severity, fix }) => severity !== "info" && fix !== undefined);
      expect(left).toEqual([]);
    },
  );
});
