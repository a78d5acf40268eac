import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../src/core/experiment/diagnostic.ts";
import { applyEdits } from "../../../src/core/experiment/lineIndex.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { type LintFacts, lintExperiment } from "../../../src/core/lint/lint.ts";

function find(code: string, text: string, facts: LintFacts = {}): Diagnostic | undefined {
  return lintExperiment(`data:\n  path: ./images\n${text}`, facts).find((diagnostic) => diagnostic.code === code);
}

function codes(text: string, facts: LintFacts = {}): string[] {
  return lintExperiment(`data:\n  path: ./images\n${text}`, facts).map(({ code }) => code);
}

const maskText = (strategy: string, rate: number, more = "") =>
  `mask:\n  strategy: ${strategy}\n  rate: ${rate}\n${more}`;

describe("rules about the effective rate", () => {
  // The worked table of the method page: 64 px, patches of 4, N = 256.
  it.each([
    ["patch", 0.1, "", undefined],
    ["patch", 0.9, "", undefined],
    ["block", 0.1, "  block_size: 2\n", undefined],
    ["block", 0.1, "  block_size: 4\n", "hides 16 of 256 tokens: the effective rate is 0.0625, not 0.1"],
    ["block", 0.5, "  block_size: 8\n", undefined],
    ["block", 0.9, "  block_size: 2\n", undefined],
    ["block", 0.9, "  block_size: 4\n", "hides 224 of 256 tokens: the effective rate is 0.875, not 0.9"],
    ["block", 0.9, "  block_size: 8\n", "hides 192 of 256 tokens: the effective rate is 0.75, not 0.9"],
    ["stratified", 0.5, "", undefined],
    [
      "stratified",
      0.9,
      "",
      "hides 192 of 256 tokens: the effective rate is 0.75, not 0.9 (as many tokens of every cell)",
    ],
    ["stratified", 0.9, "  cell_size: 8\n", undefined],
    ["crop", 0.1, "", "a window of 15 x 15 tokens and hides 31 of 256: the effective rate is 0.1211, not 0.1"],
    ["crop", 0.5, "", "a window of 11 x 11 tokens and hides 135 of 256: the effective rate is 0.5273, not 0.5"],
    ["crop", 0.9, "", undefined],
  ])("%s at %f%s", (strategy, rate, more, message) => {
    const found = find("MDM304", maskText(strategy, rate, more))?.message;
    if (message === undefined) expect(found).toBe(undefined);
    else expect(found).toContain(message);
  });

  it("4096 tokens: block 4 at 0.9 gives 0.8984, near enough", () => {
    expect(find("MDM304", "  image_size: 256\nmask:\n  rate: 0.9\n  block_size: 4\n")).toBe(undefined);
  });

  it("names the block size that does what is asked, and the rate that changes nothing", () => {
    expect(find("MDM304", maskText("block", 0.9, "  block_size: 8\n"))!.message).toMatch(
      /Use block_size 2 for 0\.8906, or rate 0\.75 if that is meant\.$/,
    );
  });

  it("names the cell size that does what is asked", () => {
    expect(find("MDM304", maskText("stratified", 0.9))!.message).toMatch(/Use cell_size 8 for 0\.8906, or rate 0\.75/);
    expect(find("MDM304", `  image_size: 32\n${maskText("stratified", 0.9)}`)!.message).toMatch(
      /Use cell_size 4 for 0\.875,/,
    );
    expect(find("MDM303", maskText("stratified", 0.1))!).toMatchObject({
      message: expect.stringContaining("hides 0 of 256 tokens: 0.1 of the 4 of a cell is less than one.") as string,
      fix: { title: "Use cell_size 8" },
    });
    expect(find("MDM301", maskText("stratified", 0.5, "  cell_size: 5\n"))).toMatchObject({
      message:
        "mask.cell_size 5 does not divide the 16 x 16 grid: 16 / 5 leaves 1 token over. Cell sizes that fit: 2, 4, 8.",
      fix: { title: "Use cell_size 4" },
    });
    expect(find("MDM307", maskText("patch", 0.5, "  cell_size: 4\n"))!.fix!.title).toBe("Remove cell_size");
  });

  it("the fix leaves the mask as it is, for all rates", () => {
    const geometry = (text: string) => {
      const parsed = parseExperiment(text);
      if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
      return parsed.experiment.mask;
    };
    let fixes = 0;
    for (let hundredths = 3; hundredths < 100; hundredths++) {
      for (const [strategy, block] of [
        ["block", 4],
        ["block", 8],
        ["stratified", 4],
        ["crop", 4],
      ] as const) {
        const text = `data:\n  path: x\nmask:\n  strategy: ${strategy}\n  rate: ${hundredths / 100}\n  block_size: ${block}\n`;
        const found = lintExperiment(text).find(({ code }) => code === "MDM304");
        if (!found?.fix) continue;
        fixes++;
        const mended = applyEdits(text, found.fix.edits);
        expect(lintExperiment(mended).some(({ code }) => code === "MDM304" || code === "MDM303")).toBe(false);
        const asked = Number(geometry(mended).rate);
        const stated = Number(/effective rate is ([0-9.]+)/.exec(found.message)![1]);
        expect(Math.abs(asked - stated)).toBeLessThan(2e-4);
      }
    }
    expect(fixes).toBeGreaterThan(100);
  });

  it("is silent about defaults that nobody touched, and informs where the grid makes them worse", () => {
    expect(codes("")).toEqual([]);
    expect(find("MDM304", "  image_size: 32\n")).toMatchObject({ severity: "info" });
    expect(find("MDM304", "  image_size: 32\nmask:\n  block_size: 4\n")).toMatchObject({ severity: "warning" });
  });
});

describe("rules that depend on facts", () => {
  it("keep silent where the fact is not known", () => {
    expect(codes("engine:\n  threads: 1024\n")).toEqual([]);
    expect(codes("engine:\n  threads: 1024\n", { cores: 8 })).toEqual(["MDM703"]);
  });

  it("leave out the stage that is not run", () => {
    const text = "pretrain:\n  warmup_steps: 300000\nfinetune:\n  from: runs/a\n  lr: 0.5\n";
    expect(codes(text)).toEqual(["MDM501", "MDM507"]);
    expect(codes(text, { stage: "pretrain" })).toEqual(["MDM501"]);
    expect(codes(text, { stage: "finetune" })).toEqual(["MDM507"]);
  });

  it("finetuning without a checkpoint is for the command itself to refuse", () => {
    const text = "finetune:\n  lr: 1e-4\n";
    expect(codes(text)).toEqual(["MDM801"]);
    expect(codes(text, { stage: "finetune" })).toEqual([]);
    expect(codes("", {})).toEqual([]);
  });

  it("depths 12 and 13 build the same network, so a checkpoint of one fits the other", () => {
    const checkpoint = { name: "runs/a", model: { depth: 13 } };
    expect(find("MDM802", "model:\n  depth: 12\n", { checkpoint })).toBe(undefined);
    expect(find("MDM802", "model:\n  depth: 11\n", { checkpoint })?.message).toBe(
      "model.depth is 11, but runs/a was trained with 13: it has other blocks.",
    );
  });

  it("memory: auto is judged by a single image, a number by itself, with the largest that fits as the fix", () => {
    const machine = { memoryBytes: 8 * 2 ** 30, stage: "finetune" } as const;
    const text = (micro: string) => `finetune:\n  batch_size: 256\n  micro_batch_size: ${micro}\n`;
    expect(find("MDM701", text("auto"), machine)).toBe(undefined);
    const found = find("MDM701", text("256"), machine)!;
    expect(found.severity).toBe("error");
    const size = Number(/micro_batch_size (\d+)$/.exec(found.fix!.title)![1]);
    expect(256 % size).toBe(0);
    expect(find("MDM701", text(String(size)), machine)).toBe(undefined);
    expect(find("MDM701", text(String(size * 4)), machine)).not.toBe(undefined);
  });

  it("memory: engine.memory_gb counts where it is less than the machine has", () => {
    const text = "engine:\n  memory_gb: 0.5\n";
    expect(find("MDM701", text)!.message).toContain("more than the 512 MiB that engine.memory_gb allows");
  });
});

describe("rules beside mistakes", () => {
  it("still look at the keys that are right", () => {
    expect(codes("model:\n  depth: x\n  num_heads: 7\n")).toEqual(["MDM012", "MDM202"]);
  });

  it("say nothing that rests on a refused or misspelt key", () => {
    expect(codes("model:\n  patch_size: 7.5\nmask:\n  strategy: patch\n")).toEqual(["MDM013"]);
    expect(codes("model:\n  ptach_size: 8\nmask:\n  strategy: block\n  rate: 0.9\n  block_size: 16\n")).toEqual([
      "MDM010",
    ]);
  });
});

describe("a small batch at a high rate", () => {
  const stage = (keys: string) => `${maskText("patch", 0.9)}pretrain:\n  batch_size: 32\n${keys}`;

  it("is worth a warning unless clipped and warmed up", () => {
    expect(find("MDM503", stage(""))!.message).toContain("32 x 26 = 832 tokens");
    expect(find("MDM503", stage("  clip_grad: 1\n"))!.fix!.title).toBe("Add warmup_steps: 5000");
    expect(find("MDM503", stage("  warmup_steps: 10\n"))!.fix!.title).toBe("Add clip_grad: 1");
    expect(find("MDM503", stage("  clip_grad: 1\n  warmup_steps: 10\n"))).toBe(undefined);
    expect(find("MDM503", `${maskText("patch", 0.5)}pretrain:\n  batch_size: 4\n`)).toBe(undefined);
  });
});
