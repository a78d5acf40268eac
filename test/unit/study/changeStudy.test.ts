import { describe, expect, it } from "vitest";
import { changeStudy } from "../../../src/core/study/changeStudy.ts";

const TEXT = `# Which mask?
base: faces.maskdm.yaml # the start
axes:
  mask.rate: [0.5, 0.75] # rates
  model.depth:
    from: 3
    to: 9
    count: 3
seeds: 3
`;

describe("changes of a study's text", () => {
  it("writes values of axes, whose names have dots, in place", () => {
    const changed = changeStudy(TEXT, [{ path: ["axes", "mask.rate"], value: [0.5, 0.75, 0.9] }]);
    expect(changed).toBe(TEXT.replace("[0.5, 0.75]", "[0.5, 0.75, 0.9]"));
    expect(changeStudy(TEXT, [{ path: ["axes", "model.depth", "count"], value: 4 }])).toBe(
      TEXT.replace("count: 3", "count: 4"),
    );
  });

  it("adds an axis, also where there is none yet", () => {
    const add = { path: ["axes", "mask.strategy"], value: ["patch", "block"] };
    expect(changeStudy(TEXT, [add])).toBe(
      TEXT.replace("    count: 3\n", "    count: 3\n  mask.strategy: [patch, block]\n"),
    );
    expect(changeStudy("base: a\n", [add])).toBe("base: a\naxes:\n  mask.strategy: [patch, block]\n");
  });

  it("makes a list of a range that is written on lines of its own, and a range of a list", () => {
    const list = changeStudy(TEXT, [{ path: ["axes", "model.depth"], value: [3, 5] }]);
    expect(list).toBe(TEXT.replace("model.depth:\n    from: 3\n    to: 9\n    count: 3", "model.depth: [3, 5]"));
    const range = { from: 0.1, to: 0.9, count: 5 };
    expect(changeStudy(TEXT, [{ path: ["axes", "mask.rate"], value: range }])).toBe(
      TEXT.replace("[0.5, 0.75]", "{from: 0.1, to: 0.9, count: 5}"),
    );
  });

  it("takes an axis out, and the section with the last one", () => {
    const one = changeStudy(TEXT, [{ path: ["axes", "model.depth"], remove: true }]);
    expect(one).toBe(TEXT.replace("  model.depth:\n    from: 3\n    to: 9\n    count: 3\n", ""));
    expect(changeStudy(one, [{ path: ["axes", "mask.rate"], remove: true }])).not.toContain("axes");
    expect(changeStudy(TEXT, [{ path: ["budget"], remove: true }])).toBe(TEXT);
  });

  it("adds keys of sections that are not there", () => {
    expect(changeStudy(TEXT, [{ path: ["budget", "seconds"], value: 600 }])).toBe(`${TEXT}budget:\n  seconds: 600\n`);
  });

  it("refuses a text that is no YAML", () => {
    expect(() => changeStudy("base: [a\n", [{ path: ["seeds"], value: 1 }])).toThrow(/corrected first, line 1/);
  });
});
