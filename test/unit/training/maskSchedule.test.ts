/** A mask that changes over pretraining: what a run does at its borders, and that a resume around them ends in the same bytes. */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { stageFacts } from "../../../src/core/cost/stageFacts.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { BatchSource } from "../../../src/trainer/loop/batches.ts";
import { requireNative } from "../native/requireNative.ts";
import { differences, learning, QUICK, recordOf, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const STEPS = 24;
const FIRST_BORDER = 8;
const SECOND_BORDER = 18;
const EXPERIMENT = experimentSchema.parse(
  tinyExperiment({
    data: { path: "images", image_size: 16, hflip: 0.5 },
    model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 },
    mask: {
      strategy: "block",
      block_size: 2,
      rate: [{ until: FIRST_BORDER, rate: 0.9 }, { until: 0.75, rate: 0.5, strategy: "patch" }, { rate: 0 }],
    },
    pretrain: { ...QUICK, steps: STEPS, batch_size: 12, checkpoint_every: 1, keep_checkpoints: 100, log_every: 3 },
  }),
);
const log = (id: string): string => readFileSync(join(shop.run(id), "log.txt"), "utf8");

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 15, size: 16 });
  shop.experiment("schedule", EXPERIMENT);
  await shop.succeed("pretrain", "schedule.maskdm.yaml", "--run", "whole");
});

/** A run that has got to a step, made of the finished one. */
function standingAt(step: number, id: string): void {
  cpSync(shop.run("whole"), shop.run(id), { recursive: true });
  for (const checkpoint of listCheckpoints(shop.run(id)).whole)
    if (checkpoint.step > step) rmSync(checkpoint.dir, { recursive: true });
}

describe("a run with a mask that changes", () => {
  it("tells of its borders, and takes in what preview shows", async () => {
    expect(log("whole").match(/the mask changes: .*/g)).toEqual([
      "the mask changes: mask.rate[1], steps 8 to 17: S = 32 of 64 tokens",
      "the mask changes: mask.rate[2], steps 18 to 23: S = 64 of 64 tokens",
    ]);
    const dataset = await openDataset(EXPERIMENT.data, shop.path("."));
    const source = new BatchSource(EXPERIMENT, "pretrain", dataset);
    // As the loop asks for them, ahead and with the arrays of those before.
    for (const [step, S] of [7, 8, 18].map((k) => [k, k < 8 ? 8 : k < 18 ? 32 : 64] as const)) {
      const batch = source.batch(step);
      const { out } = await shop.succeed("preview", "schedule.maskdm.yaml", "--batch", String(step), "--json");
      const report = JSON.parse(out) as { S: number; piece: { name: string }; images: { visible: number[] }[] };
      expect([batch.visibleTokens, report.S]).toEqual([S, S]);
      expect(report.piece.name).toBe(`mask.rate[${S === 8 ? 0 : S === 32 ? 1 : 2}]`);
      expect(report.images.flatMap(({ visible }) => visible)).toEqual([...batch.visible]);
      source.giveBack(batch);
    }
    dataset.close();
  });

  it.each([FIRST_BORDER - 1, FIRST_BORDER, FIRST_BORDER + 1, SECOND_BORDER])(
    "ends in the same bytes when it was stopped at step %d",
    async (step) => {
      const id = `from-${step}`;
      standingAt(step, id);
      await shop.succeed("resume", id);
      expect(recordOf(shop.run(id)).sessions.at(-1)).toMatchObject({ fromStep: step });
      expect(differences(shop.run("whole"), shop.run(id))).toEqual([]);
      expect(learning(shop.run(id))).toEqual(learning(shop.run("whole")));
      expect(statusOf(shop.run(id))).toMatchObject({ state: "finished", step: STEPS });
    },
  );

  it("is trained at steps to come as told, and refused another past", async () => {
    standingAt(10, "changed");
    const rates = (first: string, second: string) => `mask.rate=[{until: ${first}, rate: 0.9}, {${second}}]`;
    const refused = await shop.maskdm("resume", "changed", "--set", rates("9", "rate: 0.5"));
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toMatch(
      /error MDM806 mask\.rate\[0\] is over at step 10: .* Keep it .* \{until: 8, rate: 0\.9\}/,
    );
    const { err } = await shop.succeed("resume", "changed", "--set", rates("8", "rate: 0.75, strategy: patch"));
    expect(err).toContain("from step 10 on mask.rate is [{until: 8, rate: 0.9}, {rate: 0.75, strategy: patch}]");
    expect(differences(shop.run("whole"), shop.run("changed"))).not.toEqual([]);
  });
});

describe("micro-batches of a mask that changes", () => {
  // What auto takes here; others need other memory.
  const backend = requireNative() ? "native" : "onnx";
  const factsWith = (memory_gb: number | "auto") =>
    stageFacts({ ...EXPERIMENT, engine: { ...EXPERIMENT.engine, backend, memory_gb } }, "pretrain", null)!;
  // Room for all images of a step of the second piece, and not of the last.
  const gib = (factsWith("auto").pieces[1]!.memoryBytes + 1) / 2 ** 30;
  const sizes = factsWith(gib).pieces.map(({ microBatchSize }) => microBatchSize);

  it("are those that fit each piece, and the same after a resume", async () => {
    expect(new Set(sizes).size).toBeGreaterThan(1);
    const memory = ["--set", `engine.memory_gb=${gib}`, "--set", `engine.backend=${backend}`];
    await shop.succeed("pretrain", "schedule.maskdm.yaml", "--run", "tight", ...memory);
    expect(log("tight")).toContain(`batch 12, in micro-batches of ${sizes.join(", then ")},`);
    cpSync(shop.run("tight"), shop.run("tight-resumed"), { recursive: true });
    for (const checkpoint of listCheckpoints(shop.run("tight-resumed")).whole)
      if (checkpoint.step > SECOND_BORDER + 1) rmSync(checkpoint.dir, { recursive: true });
    await shop.succeed("resume", "tight-resumed");
    expect(differences(shop.run("tight"), shop.run("tight-resumed"))).toEqual([]);
    expect(differences(shop.run("tight"), shop.run("whole"))).not.toEqual([]);
  });
});
