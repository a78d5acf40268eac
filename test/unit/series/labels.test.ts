import { describe, expect, it } from "vitest";
import { type ExperimentInput, experimentSchema } from "../../../src/core/experiment/schema.ts";
import {
  type ComparedRun,
  differingKeys,
  flatConfig,
  runDifferences,
  runLabels,
} from "../../../src/core/series/flatConfig.ts";

const config = (change: Partial<ExperimentInput> = {}) =>
  flatConfig(experimentSchema.parse({ data: { path: "images" }, ...change }));

const run = (number: number, change: Partial<ExperimentInput> = {}, more: Partial<ComparedRun> = {}): ComparedRun => ({
  id: `2026-11-23-emoji-pretrain-0${number}`,
  name: null,
  stage: "pretrain",
  config: config(change),
  ...more,
});

describe("runDifferences", () => {
  it("says everything that sets configs apart, whatever name a run has, and nothing where nothing does", () => {
    const runs = [
      run(1, { mask: { rate: 0.5 } }, { name: "mine" }),
      run(2, { mask: { rate: 0.75 }, seed: 3 }),
      run(3, {}, { config: null }),
    ];
    const [first, second, third] = runDifferences(runs);
    expect(first).toContain("mask.rate 0.5");
    expect(second).toContain("mask.rate 0.75");
    expect(second).toContain("seed 3");
    expect(third).toBeNull();
    expect(runDifferences([run(1), run(2)])).toEqual([null, null]);
    expect(runDifferences([run(1), run(2, {}, { stage: "finetune" })]).join()).not.toContain("finetune ·");
  });
});

describe("runLabels", () => {
  it("says what differs, and only that", () => {
    expect(runLabels([run(1, { mask: { rate: 0.5 } }), run(2, { mask: { rate: 0.75 } })])).toEqual([
      "mask.rate 0.5",
      "mask.rate 0.75",
    ]);
  });

  it("looks at defaults as values, and not at the other stage", () => {
    const runs = [run(1, { mask: { rate: 0.9 }, finetune: { lr: 1e-5 } }), run(2, { seed: 3 })];
    expect(runLabels(runs)).toEqual(["seed 0", "seed 3"]);
  });

  it("leaves out what changes no learning, unless nothing else differs", () => {
    const logs = (n: number) => ({ log_every: n });
    expect(runLabels([run(1, { seed: 1, pretrain: logs(1) }), run(2, { seed: 2, pretrain: logs(2) })])).toEqual([
      "seed 1",
      "seed 2",
    ]);
    expect(runLabels([run(1, { pretrain: logs(1) }), run(2, { pretrain: logs(2) })])).toEqual([
      "log_every 1",
      "log_every 2",
    ]);
  });

  it("names three keys at most, and falls back to ids where labels meet", () => {
    const many = { mask: { rate: 0.5 }, model: { depth: 3, num_heads: 2, embed_dim: 64 }, seed: 4 };
    expect(runLabels([run(1), run(2, many)])[1]).toBe("model.embed_dim 64 · model.depth 3 · model.num_heads 2");
    expect(runLabels([run(1), run(2), run(3, { seed: 1 })])).toEqual([
      "seed 0 · emoji-pretrain-01",
      "seed 0 · emoji-pretrain-02",
      "seed 1",
    ]);
  });

  it("tells equal ids of other days apart", () => {
    const runs = [run(1), run(1, {}, { id: "2026-11-24-emoji-pretrain-01" })];
    expect(new Set(runLabels(runs)).size).toBe(2);
  });

  it("takes a given name first, one run by its id, a pretrain and a finetune by their stage", () => {
    expect(runLabels([run(1, {}, { name: "best so far" }), run(2, { seed: 2 })])).toEqual(["best so far", "seed 2"]);
    expect(runLabels([run(1)])).toEqual(["emoji-pretrain-01"]);
    const [pretrain, finetune] = runLabels([run(1), run(2, {}, { stage: "finetune" })]);
    expect(pretrain).toMatch(/^pretrain/);
    expect(finetune).toMatch(/^finetune/);
  });

  it("names no key in which only the stages differ", () => {
    const change = { pretrain: { steps: 5 }, finetune: { steps: 7 } };
    const runs = [0.5, 0.9].flatMap((rate, i) => [
      run(2 * i + 1, { ...change, mask: { rate } }),
      run(2 * i + 2, { ...change, seed: i }, { stage: "finetune" }),
    ]);
    expect(runLabels(runs)).toEqual([
      "pretrain · mask.rate 0.5 · seed 0",
      "finetune · seed 0",
      "pretrain · mask.rate 0.9 · seed 0",
      "finetune · seed 1",
    ]);
  });

  it("does without a config", () => {
    expect(runLabels([run(1, {}, { config: null }), run(2)])).toEqual(["emoji-pretrain-01", "emoji-pretrain-02"]);
  });
});

describe("differingKeys", () => {
  it("keeps the file's order and counts a missing value", () => {
    expect(differingKeys([config({ seed: 1, mask: { rate: 0.1 } }), config()])).toEqual(["mask.rate", "seed"]);
    expect(differingKeys([{ a: "1" }, { a: "1", b: "2" }])).toEqual(["b"]);
    expect(differingKeys([])).toEqual([]);
  });
});
