/** The held-out loss: what it is, and that measuring it changes no training. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { differences, learning, QUICK, statusOf, tinyExperiment, until, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const data = { path: "images", image_size: 8, holdout: 0.3 };

/** Steps of a run at which something was measured, with it. */
const measured = (id: string) =>
  readRunMetrics(shop.run(id)).flatMap(({ step, heldOutLoss, heldOutError }) =>
    heldOutLoss === undefined ? [] : [{ step, heldOutLoss, heldOutError }],
  );

async function train(id: string, change: Parameters<typeof tinyExperiment>[0], ...options: string[]): Promise<void> {
  await shop.succeed("pretrain", shop.experiment(id, tinyExperiment({ data, ...change })), "--run", id, ...options);
}

beforeAll(() => writeImages(shop.path("images"), { count: 60, size: 8, classes: ["a", "b"] }));

describe("the held-out loss of a run", () => {
  it("is measured every so many steps and at the last, and no bit of the training is other for it", async () => {
    await train("measured", { pretrain: { ...QUICK, held_out_every: 7 } });
    await train("plain", { pretrain: { ...QUICK, held_out_every: 0 } });
    expect(measured("measured").map(({ step }) => step)).toEqual([7, 14, 21, 28, 30]);
    expect(measured("plain")).toEqual([]);
    expect(differences(shop.run("measured"), shop.run("plain"))).toEqual([]);
    const logged = learning(shop.run("plain")).map(({ step }) => step);
    expect(logged).toEqual([5, 10, 15, 20, 25, 30]);
    // A line ends where the next begins, so that the means of more lines are of fewer steps.
    const gradients = (id: string) =>
      learning(shop.run(id)).flatMap(({ step, gradNorm }) => (logged.includes(step) ? [gradNorm] : []));
    expect(gradients("measured")).toEqual(gradients("plain"));
    const losses = measured("measured");
    expect(losses.at(-1)!.heldOutLoss).toBeLessThan(losses[0]!.heldOutLoss!);
    for (const { heldOutError } of losses) expect(heldOutError).toBeGreaterThan(0);
  }, 60_000);

  it("is the same whatever the mask, the batch and the seed: that of whole images by the averaged weights", async () => {
    // Weights that no step changes much are those that the seed draws.
    const still = { ...QUICK, steps: 1, lr: 1e-12 };
    await train("masked", { mask: { strategy: "patch", rate: 0.75 }, pretrain: still });
    await train("whole", { mask: { strategy: "patch", rate: 0 }, pretrain: { ...still, batch_size: 4 } });
    await train("weighted", { diffusion: { loss_weighting: "min_snr" }, pretrain: still });
    const [one] = measured("masked");
    for (const id of ["whole", "weighted"]) {
      expect(measured(id)[0]!.heldOutLoss).toBeCloseTo(one!.heldOutLoss!, 6);
      expect(measured(id)[0]!.heldOutError).toBeCloseTo(one!.heldOutError!, 6);
    }
    // By fresh weights the predicted noise is about none, so that the loss is the noise's variance whatever the seed.
    await train("other", { pretrain: still, seed: 5 });
    expect(Math.abs(measured("other")[0]!.heldOutLoss! - one!.heldOutLoss!)).toBeLessThan(0.02);
    expect(one!.heldOutLoss).toBeGreaterThan(0.9);
  }, 60_000);

  it("is measured with classes, and not where no images are held out", async () => {
    const model = { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2, num_classes: 2 };
    await train("classes", { data: { ...data, labels: "folders" }, model, pretrain: { ...QUICK, steps: 5 } });
    expect(measured("classes")).toHaveLength(1);
    await train("none", {
      data: { path: "images", image_size: 8 },
      pretrain: { ...QUICK, steps: 5, held_out_every: 2 },
    });
    expect(measured("none")).toEqual([]);
    expect(readRunMetrics(shop.run("none")).map(({ step }) => step)).toEqual([5]);
  }, 60_000);

  it("is made up for by a resume where a stop did not wait for it", async () => {
    const file = shop.experiment(
      "stopped",
      tinyExperiment({ data, pretrain: { ...QUICK, steps: 400, held_out_every: 1 } }),
    );
    const run = shop.start(["pretrain", file, "--run", "stopped"]);
    await until("a measurement", () => measured("stopped").length > 3);
    run.child.kill("SIGTERM");
    expect((await run.ended).exitCode).toBe(0);
    const { step } = statusOf(shop.run("stopped"));
    await shop.succeed("resume", "stopped", "--steps", String(step + 3));
    const steps = measured("stopped").map((line) => line.step);
    expect(steps).toEqual(Array.from({ length: step + 3 }, (_, i) => i + 1));
    expect(readFileSync(join(shop.run("stopped"), "log.txt"), "utf8")).not.toContain("could not be");
  }, 60_000);
});
