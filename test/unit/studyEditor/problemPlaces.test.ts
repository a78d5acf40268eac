import { describe, expect, it } from "vitest";
import { readStudy } from "../../../src/core/study/read.ts";
import { ProblemPlaces } from "../../../webview/study/problemPlaces.ts";

describe("problems of a study", () => {
  it("stand at the key that they are about", () => {
    const text = `base: faces.maskdm.yaml
axes:
  mask.rate: [0.5]
  mask.rat:
    - 0.5
metric: kit
budget:
  pretrain: 2
  steps: 100
colour: red
`;
    const { document, diagnostics } = readStudy(text);
    const places = new ProblemPlaces(document, diagnostics, ["mask.rate", "mask.rat"]);
    const lines = (path: string[]) => places.of(path).map(({ line }) => line);
    expect(diagnostics.length).toBeGreaterThan(2);
    expect(lines(["metric"])).toEqual([6]);
    expect(lines(["budget"]).length).toBeGreaterThan(0);
    expect(lines(["axes", "mask.rate"])).toEqual([]);
    const placed = [["base"], ["metric"], ["budget"], ["axes"], ["axes", "mask.rat"], []].flatMap(lines);
    expect(placed.sort()).toEqual(diagnostics.map(({ line }) => line).sort());
  });
});
