/** A batch that would take too much memory goes through the network in parts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { memoryProfile, predictTrainingMemory } from "../../../src/core/cost/memory.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { requireNative } from "../native/requireNative.ts";
import { learning, newestCheckpoint, QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const BATCH = 24;
const EXPERIMENT = experimentSchema.parse(
  tinyExperiment({
    data: { path: "images", image_size: 16 },
    model: { patch_size: 2, embed_dim: 32, depth: 3, num_heads: 2 },
    pretrain: { ...QUICK, batch_size: BATCH, steps: 20, log_every: 1, clip_grad: 1 },
  }),
);
/** What auto takes here. */
const PROFILE = memoryProfile(requireNative() ? "native" : "onnx");
/** Half of the 64 tokens are visible. */
const VISIBLE = 32;

/** GiB that a step with micro-batches of this size is predicted to take. */
const predictedGib = (size: number): number =>
  predictTrainingMemory(PROFILE, modelShape(EXPERIMENT), VISIBLE, size, size < BATCH).totalBytes / 2 ** 30;

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 16 });
  shop.experiment("experiment", EXPERIMENT);
  await train("whole");
});

const train = (id: string, ...args: string[]) =>
  shop.succeed("pretrain", "experiment.maskdm.yaml", "--run", id, ...args);

/** Size of the micro-batches that the log tells of; the batch's where it tells of none. */
function microBatch(id: string): number {
  const line = readFileSync(join(shop.run(id), "log.txt"), "utf8").match(
    /engine: .*batch (\d+)(?:, in micro-batches of (\d+))?/,
  )!;
  expect(Number(line[1])).toBe(BATCH);
  return Number(line[2] ?? line[1]);
}

/** Largest differences of the losses, and of the final weights, to those of training by whole batches. */
function deviation(id: string): { loss: number; weight: number } {
  const reference = learning(shop.run("whole"));
  const loss = learning(shop.run(id)).map((line, i) => Math.abs(line.loss! - reference[i]!.loss!));
  const [a, b] = [id, "whole"].map(
    (run) => readSafetensors(join(newestCheckpoint(shop.run(run)).dir, "model.safetensors")).tensors,
  );
  const weight = [...a!].flatMap(([name, { data }]) => [...data].map((v, i) => Math.abs(v - b!.get(name)!.data[i]!)));
  return { loss: Math.max(...loss), weight: weight.reduce((x, y) => Math.max(x, y), 0) };
}

describe("micro-batches", () => {
  it("are not used where the batch fits", () => {
    expect(microBatch("whole")).toBe(BATCH);
  });

  it.each([12, 3])("of %d are chosen where engine.memory_gb allows no more, with the same result", async (size) => {
    const id = `memory-${size}`;
    await train(id, "--set", `engine.memory_gb=${predictedGib(size) + 1e-6}`);
    expect(microBatch(id)).toBe(size);
    const { loss, weight } = deviation(id);
    // Sums in another order: not the same bytes, but the same numbers.
    expect(weight).toBeGreaterThan(0);
    expect(loss).toBeLessThan(1e-4);
    expect(weight).toBeLessThan(1e-4);
  });

  it("are of no use where a single image does not fit: the run is refused, in numbers", async () => {
    const { exitCode, err } = await shop.maskdm("pretrain", "experiment.maskdm.yaml", "--set", "engine.memory_gb=0.1");
    expect(exitCode).toBe(2);
    expect(err).toMatch(
      new RegExp(
        `error MDM701 .*predicted to take ${Math.round(1024 * predictedGib(1))} MiB, more than the 102 MiB that engine\\.memory_gb allows`,
      ),
    );
  });

  it("may be asked for", async () => {
    await train("asked", "--set", "pretrain.micro_batch_size=8");
    expect(microBatch("asked")).toBe(8);
    expect(deviation("asked").loss).toBeLessThan(1e-4);
  });
});
