import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { experimentKeys } from "../../../src/core/experiment/keys.ts";
import { applyOverrides, parseExperiment } from "../../../src/core/experiment/parse.ts";
import { yamlText } from "../../../src/core/experiment/yamlText.ts";
import { experimentFixtures } from "../lint/fixtures.ts";

const FILE = `# Faces, first try.
data:
  path: ./faces # all of them

mask: {strategy: block, rate: 0.5}
# the long one
pretrain:
  steps: 100000 # a night
  betas:
    - 0.9
    - 0.999

  # keep an eye on this
sample:
  count: 9
`;

const set = (text: string, path: string, value: string): string => applyOverrides(text, [{ path, value }]);

describe("applyOverrides", () => {
  it("replaces a value and leaves every other character alone", () => {
    expect(set(FILE, "pretrain.steps", "500")).toBe(FILE.replace("100000", "500"));
    expect(set(FILE, "mask.rate", "0.75")).toBe(FILE.replace("0.5", "0.75"));
  });

  it("keeps the spelling of a number", () => {
    expect(set(FILE, "pretrain.lr", "1e-4")).toContain("\n  lr: 1e-4\n");
  });

  it("adds a key below the last one of its section, a section at the end of the file", () => {
    expect(set(FILE, "data.image_size", "32")).toBe(FILE.replace("all of them\n", "all of them\n  image_size: 32\n"));
    expect(set(FILE, "pretrain.lr", "2e-4")).toBe(FILE.replace("0.999\n", "0.999\n  lr: 2e-4\n"));
    expect(set(FILE, "mask.block_size", "2")).toBe(FILE.replace("0.5}", "0.5, block_size: 2}"));
    expect(set(FILE, "model.depth", "5")).toBe(`${FILE}model:\n  depth: 5\n`.replace("9\nmodel", "9\nmodel"));
    expect(set(FILE, "seed", "7")).toBe(`${FILE.trimEnd()}\nseed: 7\n`);
  });

  it("takes texts as they are, quoting them where YAML needs it", () => {
    const read = (value: string) => {
      const parsed = parseExperiment(set(FILE, "data.path", value));
      return parsed.ok ? parsed.experiment.data.path : parsed.diagnostics;
    };
    for (const path of ["./a b", "C:\\images\\new", "a: b # c", "123", "null", "[x]", "é\u{1f600}", "- a", "&a", "%a"])
      expect(read(path)).toBe(path);
    expect(read('"quoted"')).toBe("quoted");
    expect(set(FILE, "data.background", "#ff0000")).toContain('background: "#ff0000"');
  });

  it("takes null for keys that may be null", () => {
    const parsed = parseExperiment(applyOverrides(FILE, [{ path: "finetune.from", value: "null" }]));
    expect(parsed.ok && parsed.experiment.finetune.from).toBe(null);
  });

  it("takes a list of texts, and says how one text is a list", () => {
    const read = parseExperiment(set(FILE, "data.ignore", '[masks, "*.tmp", "#recycle"]'));
    expect(read.ok && read.experiment.data.ignore).toEqual(["masks", "*.tmp", "#recycle"]);
    const block = "data:\n  path: x\n  ignore:\n    - a # why\n    - b\nseed: 1\n";
    expect(set(block, "data.ignore", "[c]")).toBe("data:\n  path: x\n  ignore:\n    - c\nseed: 1\n");
    const lone = parseExperiment(FILE, [{ path: "data.ignore", value: "masks" }]);
    expect(lone.ok ? "" : lone.diagnostics[0]?.message).toMatch(/data\.ignore must be a list .* Write \[masks\]\.$/);
  });

  it("replaces a list written over several lines", () => {
    const parsed = parseExperiment(set(FILE, "pretrain.betas", "[0.8, 0.9]"));
    expect(parsed.ok && parsed.experiment.pretrain.betas).toEqual([0.8, 0.9]);
    expect(set(FILE, "pretrain.betas", "[0.8, 0.9]")).toContain("# a night");
  });

  it("changes one key only, also where the file shares text by anchors", () => {
    const text = "data: {path: x}\npretrain: &stage\n  steps: 100 # few\n  lr: 1e-4\nfinetune: *stage\n";
    for (const [path, other] of [
      ["pretrain", "finetune"],
      ["finetune", "pretrain"],
    ] as const) {
      const changed = set(text, `${path}.steps`, "7");
      const parsed = parseExperiment(changed);
      expect(parsed.ok && parsed.experiment[path].steps).toBe(7);
      expect(parsed.ok && parsed.experiment[other]).toMatchObject({ steps: 100, lr: 1e-4 });
      expect(changed).toContain("# few");
    }
  });

  it("writes below an empty section, and into an empty file", () => {
    const parsed = parseExperiment(set("data:\n  path: x\nmask: # later\n", "mask.rate", "0.5"));
    expect(parsed.ok && parsed.experiment.mask.rate).toBe(0.5);
    expect(set("# nothing yet", "data.path", "./images")).toBe("# nothing yet\ndata:\n  path: ./images\n");
  });

  it("keeps CRLF line ends", () => {
    expect(set("data:\r\n  path: x\r\n", "data.hflip", "0.5")).toBe("data:\r\n  path: x\r\n  hflip: 0.5\r\n");
  });

  it("sets every key of the schema in every good file, and nothing else", () => {
    for (const { name, text } of experimentFixtures("good").filter((_, i) => i % 4 === 0)) {
      const before = parseExperiment(text);
      if (!before.ok) throw new Error(name);
      for (const spec of experimentKeys().keys.values()) {
        const value = spec.required ? "./elsewhere" : spec.schema.default;
        const after = parseExperiment(applyOverrides(text, [{ path: spec.path, value: yamlText(value) }]));
        if (!after.ok) throw new Error(`${name}: ${spec.path}: ${after.diagnostics[0]!.message}`);
        const wanted = structuredClone(before.experiment) as unknown as Record<string, unknown>;
        if (spec.section === "") wanted[spec.name] = value;
        else (wanted[spec.section] as Record<string, unknown>)[spec.name] = value;
        expect(after.experiment, `${name}: ${spec.path}`).toEqual(wanted);
      }
    }
  });

  it("refuses what it cannot write, naming the option", () => {
    expect(() => set(FILE, "pretrain.stepz", "1")).toThrow(UserError);
    expect(() => set(FILE, "pretrain.steps", "{")).toThrow(/^--set pretrain.steps=\{: /);
    expect(() => set("data: [", "seed", "1")).toThrow(/cannot be written into a file with errors.*line 1:7/);
    expect(() => set("- a\n- b\n", "seed", "1")).toThrow(UserError);
  });
});
