/** Pretraining in stages: the second begins with the weights of the first, as with nine tenths hidden, then half of them. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { learning, newestCheckpoint, QUICK, recordOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const STEPS = 12;

const weightsOf = (id: string) =>
  readSafetensors(join(newestCheckpoint(shop.run(id)).dir, "model.safetensors")).tensors;

describe("pretrain --from", () => {
  beforeAll(async () => {
    await writeImages(shop.path("images"), { count: 16, size: 16 });
    shop.experiment(
      "stages",
      tinyExperiment({
        data: { path: "images", image_size: 16 },
        mask: { strategy: "patch", rate: 0.75 },
        pretrain: { ...QUICK, steps: STEPS, batch_size: 8, lr: 1e-3, log_every: 1, checkpoint_every: STEPS },
      }),
    );
    await shop.succeed("pretrain", "stages.maskdm.yaml", "--run", "first");
  });

  it("goes on from the weights, with steps, optimiser and learning rate of its own, and records where they come from", async () => {
    const still = ["--set", "pretrain.lr=1e-30"];
    await shop.succeed("pretrain", "stages.maskdm.yaml", "--from", "first", "--run", "still", ...still, "--steps", "1");
    const [first, second] = [weightsOf("first"), weightsOf("still")];
    for (const [name, { data }] of first) expect(second.get(name)!.data, name).toEqual(data);
    const { parent, stage } = recordOf(shop.run("still"));
    expect(stage).toBe("pretrain");
    expect(parent).toMatchObject({ run: "first", step: STEPS, weights: "raw" });
    expect(newestCheckpoint(shop.run("still")).state.step).toBe(1);
  });

  it("learns on where the first stage stopped", async () => {
    const { err } = await shop.succeed(
      ...["pretrain", "stages.maskdm.yaml", "--from", "runs/first", "--set", "mask.rate=0.5", "--run", "second"],
    );
    expect(err).toContain("starting from the raw weights in");
    expect(learning(shop.run("second"))[0]!.loss!).toBeLessThan(learning(shop.run("first"))[0]!.loss!);
  });

  it("waits in the queue for the run that it starts from", async () => {
    const add = (...args: string[]) =>
      shop.succeed("queue", "add", "stages.maskdm.yaml", "--stage", "pretrain", "--no-work", ...args);
    await add("--run", "early");
    await add("--run", "late", "--from", "early");
    await shop.succeed("queue", "work");
    expect(recordOf(shop.run("late")).parent).toMatchObject({ run: "early", step: STEPS });
    expect(weightsOf("late").size).toBe(weightsOf("early").size);
  });

  it("refuses weights of another network before anything is trained", async () => {
    const { exitCode, err } = await shop.maskdm(
      ...["pretrain", "stages.maskdm.yaml", "--from", "first", "--set", "model.num_heads=4"],
    );
    expect(exitCode).toBe(2);
    expect(err).toContain("MDM802");
    expect(err).toContain("split into other heads");
  });
});
