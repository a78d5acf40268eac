import { describe, expect, it } from "vitest";
import { changedKeys, isReadBy, onResume, ruleOf } from "../../../src/core/experiment/changeOnResume.ts";
import { experimentKeys } from "../../../src/core/experiment/keys.ts";
import { type Experiment, type ExperimentInput, experimentSchema } from "../../../src/core/experiment/schema.ts";

const experiment = (change: Partial<ExperimentInput> = {}): Experiment =>
  experimentSchema.parse({ data: { path: "images" }, ...change });

describe("what a run may change when it goes on", () => {
  it("is said for every key of the file", () => {
    const said = [...experimentKeys().keys.keys()].map((path) => ruleOf(path)?.may);
    expect(new Set(said)).toEqual(new Set(["silently", "noted", "never"]));
  });

  it("is never what the weights are or mean, noted where training goes otherwise, silent for the machine's side", () => {
    const may = (...paths: string[]) => paths.map((path) => ruleOf(path).may);
    expect(new Set(may("model.num_heads", "data.channels", "diffusion.schedule", "data.labels"))).toEqual(
      new Set(["never"]),
    );
    expect(new Set(may("pretrain.lr", "mask.rate", "data.path", "seed", "finetune.batch_size"))).toEqual(
      new Set(["noted"]),
    );
    expect(new Set(may("engine.threads", "sample.count", "pretrain.log_every"))).toEqual(new Set(["silently"]));
  });

  it("is the mode of hidden tokens, but for the one that has tensors of its own", () => {
    const mode = (from: string, to: string) => onResume({ path: "mask.mode", from, to });
    expect(mode("drop", "route")).toEqual({ may: "noted" });
    for (const [from, to] of [
      ["drop", "fuse"],
      ["fuse", "route"],
    ] as const) {
      expect(mode(from, to)).toMatchObject({ may: "never", breaks: "network" });
    }
    const read = ["mask.mode", "mask.fuse_blocks", "mask.route_from", "mask.rate"];
    expect(read.map((path) => isReadBy("finetune", path))).toEqual([true, true, false, false]);
  });

  it("leaves out what the stage does not read", () => {
    expect(["finetune.lr", "mask.rate", "pretrain.lr"].map((path) => isReadBy("pretrain", path))).toEqual([
      false,
      true,
      true,
    ]);
    expect(["finetune.lr", "mask.rate", "pretrain.lr"].map((path) => isReadBy("finetune", path))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

it("keys that differ are told in the file's order, depths that build the same blocks are not", () => {
  const before = experiment({ model: { depth: 12 }, pretrain: { betas: [0.9, 0.99] } });
  const after = experiment({ model: { depth: 13 }, pretrain: { betas: [0.9, 0.95] }, seed: 4, mask: { rate: 0.5 } });
  expect(changedKeys(before, after)).toEqual([
    { path: "mask.rate", from: 0.9, to: 0.5 },
    { path: "pretrain.betas", from: [0.9, 0.99], to: [0.9, 0.95] },
    { path: "seed", from: 0, to: 4 },
  ]);
  expect(changedKeys(before, before)).toEqual([]);
});

it("what nothing reads does not differ", () => {
  const before = experiment();
  const after = experiment({ diffusion: { process: "flow", schedule: "linear", min_snr_gamma: 7 } });
  expect(changedKeys(before, after).map(({ path }) => path)).toEqual(["diffusion.process"]);
  expect(changedKeys(after, before).map(({ path }) => path)).toEqual(["diffusion.process", "diffusion.schedule"]);
});
