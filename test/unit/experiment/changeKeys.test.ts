import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { changeKeys, singleReplacement } from "../../../src/core/experiment/changeKeys.ts";
import { readExperiment } from "../../../src/core/experiment/read.ts";

const TEXT = `# An experiment
data:
  path: images # where they are
  image_size: 32

mask:
  # blocks
  strategy: block
  rate: 0.9 # most of it
`;

describe("changeKeys", () => {
  it("writes values in place, comments kept", () => {
    expect(changeKeys(TEXT, [{ path: "mask.rate", value: 0.5 }])).toBe(TEXT.replace("0.9", "0.5"));
    expect(changeKeys(TEXT, [{ path: "data.path", value: "my images" }])).toBe(
      TEXT.replace("path: images", 'path: "my images"'),
    );
  });

  it("inserts keys and sections that are missing", () => {
    const changed = changeKeys(TEXT, [
      { path: "mask.block_size", value: 2 },
      { path: "seed", value: 7 },
      { path: "data.ignore", value: ["masks", "a, b"] },
      { path: "pretrain.betas", value: [0.9, 0.99] },
    ]);
    const { experiment, diagnostics } = readExperiment(changed);
    expect(diagnostics).toEqual([]);
    expect(experiment).toMatchObject({ mask: { block_size: 2 }, seed: 7, pretrain: { betas: [0.9, 0.99] } });
    expect(experiment?.data.ignore).toEqual(["masks", "a, b"]);
    for (const line of TEXT.split("\n")) expect(changed).toContain(line);
  });

  it("takes keys out, and does nothing where one is not there", () => {
    expect(changeKeys(TEXT, [{ path: "mask.rate", remove: true }])).toBe(
      TEXT.replace("  rate: 0.9 # most of it\n", ""),
    );
    expect(changeKeys(TEXT, [{ path: "seed", remove: true }])).toBe(TEXT);
    const list = TEXT.replace("  image_size", "  ignore:\n    - a\n    - b # too\n  image_size");
    expect(changeKeys(list, [{ path: "data.ignore", remove: true }])).toBe(TEXT);
  });

  it.each(["null", "12", '"quoted', "a: b", "# no comment", "*alias", "ü\n"])(
    "writes the text %j as that text",
    (value) => {
      const { experiment, diagnostics } = readExperiment(changeKeys(TEXT, [{ path: "data.path", value }]));
      expect(diagnostics).toEqual([]);
      expect(experiment?.data.path).toBe(value);
    },
  );

  it("lets a wrong value be written, for lint to report", () => {
    const changed = changeKeys(TEXT, [{ path: "mask.rate", value: 2 }]);
    expect(readExperiment(changed).refused).toContain("mask.rate");
  });

  it("refuses what it cannot do, and says why", () => {
    expect(() => changeKeys(TEXT, [{ path: "mask.nothing", value: 1 }])).toThrow(UserError);
    expect(() => changeKeys("data: [", [{ path: "seed", value: 1 }])).toThrow(/has to be corrected first, line 1/);
    const shared = "data: {path: a}\npretrain: &s {lr: 1e-3}\nfinetune: *s\n";
    expect(() => changeKeys(shared, [{ path: "finetune.lr", remove: true }])).toThrow(/anchor/);
  });
});

describe("singleReplacement", () => {
  it.each([
    ["abc", "abc"],
    ["abc", "axc"],
    ["abc", ""],
    ["", "abc"],
    ["aaa", "aa"],
    ["aa", "aaaa"],
    ["rate: 0.9\nrate: 0.9\n", "rate: 0.9\n"],
  ])("turns %j into %j", (before, after) => {
    const { start, end, text } = singleReplacement(before, after);
    expect(start).toBeLessThanOrEqual(end);
    expect(before.slice(0, start) + text + before.slice(end)).toBe(after);
    if (before === after) expect([end - start, text]).toEqual([0, ""]);
  });
});
