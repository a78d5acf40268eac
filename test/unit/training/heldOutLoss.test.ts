/** The loss on held-out images by networks whose loss is known. */
import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { heldOutLoss, heldOutPasses, type Predict } from "../../../src/core/training/heldOutLoss.ts";

function experiment(change: object = {}): Experiment {
  const text = { data: { path: "x", image_size: 8 }, model: { patch_size: 2 }, ...change };
  const parsed = parseExperiment(JSON.stringify(text));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.experiment;
}

/** Images of one grey each, the darkest first. */
const greys = (count: number) => ({
  count,
  imageBytes: 8 * 8 * 3,
  images: Array.from({ length: count }, (_, i) => ({ label: i % 2 })),
  readInto(indices: Uint32Array, out: Uint8Array) {
    indices.forEach((index, i) => {
      out.fill(Math.round((255 * index) / (count - 1)), i * 192, (i + 1) * 192);
    });
  },
});
const nothing: Predict = async (tokens) => new Float32Array(tokens.length);

describe("heldOutLoss", () => {
  it("is the mean square of what is to be predicted, for a network that predicts nothing", async () => {
    const noise = await heldOutLoss(experiment(), greys(200), 16, nothing);
    // 200 images x 4 times x 192 standard normals.
    expect(Math.abs(noise.heldOutLoss - 1)).toBeLessThan(5 * Math.sqrt(2 / (200 * 4 * 192)));
    expect(noise.heldOutError).toBeCloseTo(Math.sqrt(2 / (200 * 4 * 192)), 3);
    // Of images of values evenly spread over -1 … 1 the mean square is 1/3, but for the rounding to bytes.
    const images = await heldOutLoss(experiment({ diffusion: { prediction: "x0" } }), greys(200), 16, nothing);
    const squares = Array.from({ length: 200 }, (_, i) => (Math.round((255 * i) / 199) / 127.5 - 1) ** 2);
    const mean = squares.reduce((sum, square) => sum + square, 0) / 200;
    const variance = squares.reduce((sum, square) => sum + (square - mean) ** 2, 0) / 199;
    expect(images.heldOutLoss).toBeCloseTo(mean, 6);
    expect(images.heldOutError).toBeCloseTo(Math.sqrt(variance / 200), 6);
  });

  it("is that of velocities where those are learned, whatever is predicted", async () => {
    const flow = { process: "flow", prediction: "x0", loss_weighting: "velocity" };
    const { heldOutLoss: loss } = await heldOutLoss(experiment({ diffusion: flow }), greys(200), 16, nothing);
    // What is off by x0 as an image is off by x0 / b as a velocity, b = (t + 1) / T, not below 0.05.
    const { indices, timesteps } = heldOutPasses(200, 1000);
    const squares = Array.from(timesteps, (t, pass) => {
      const x0 = Math.round((255 * indices[pass >> 2]!) / 199) / 127.5 - 1;
      return (x0 / Math.max((t + 1) / 1000, 0.05)) ** 2;
    });
    expect(loss).toBeCloseTo(squares.reduce((sum, square) => sum + square, 0) / squares.length, 3);
  });

  it("does not depend on the size of batches, the mask, min-SNR weights or the seed", async () => {
    // Something of all of x_t and t, so that a difference in either would show.
    const some: Predict = async (tokens, timesteps) =>
      tokens.map((value, i) => 0.5 * value + 1e-3 * timesteps[Math.floor((i * timesteps.length) / tokens.length)]!);
    const first = await heldOutLoss(experiment(), greys(37), 16, some);
    for (const batchSize of [1, 5, 148, 1000]) {
      expect(await heldOutLoss(experiment(), greys(37), batchSize, some)).toEqual(first);
    }
    for (const change of [
      { mask: { rate: 0.75, strategy: "patch" } },
      { mask: { rate: 0.5, strategy: "patch", mode: "route" } },
      { diffusion: { loss_weighting: "min_snr" } },
      { diffusion: { timestep_distribution: "logit_normal", logit_mean: -1 } },
      { seed: 7 },
      { data: { path: "x", image_size: 8, hflip: 0.5 } },
    ]) {
      expect(await heldOutLoss(experiment(change), greys(37), 16, some)).toEqual(first);
    }
    for (const other of [{ prediction: "v" }, { process: "flow" }]) {
      expect(await heldOutLoss(experiment({ diffusion: other }), greys(37), 16, some)).not.toEqual(first);
    }
  });

  it("asks for batches of one size, with every image's own class", async () => {
    const model = { patch_size: 2, num_classes: 2 };
    const asked: number[] = [];
    const labels: number[] = [];
    await heldOutLoss(experiment({ model }), greys(10), 16, async (tokens, timesteps, classes) => {
      asked.push(timesteps.length);
      labels.push(...classes!);
      return new Float32Array(tokens.length);
    });
    expect(asked).toEqual([16, 16, 16]);
    const { indices } = heldOutPasses(10, 1000);
    expect(labels.slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, pass) => indices[pass >> 2]! % 2));
  });

  it("has no error of a single image", async () => {
    const one = { ...greys(2), count: 1 };
    expect((await heldOutLoss(experiment(), one, 16, nothing)).heldOutError).toBeNull();
  });
});

describe("heldOutPasses", () => {
  it("takes each image once in every quarter of the timesteps, evenly, and at most 256 images", () => {
    const { indices, timesteps } = heldOutPasses(1000, 1000);
    expect(new Set(indices).size).toBe(256);
    expect(Math.max(...indices)).toBeLessThan(1000);
    for (let quarter = 0; quarter < 4; quarter++) {
      const times = [...timesteps.filter((_, pass) => pass % 4 === quarter)];
      expect(Math.min(...times)).toBe(250 * quarter);
      expect(Math.max(...times)).toBe(250 * quarter + 249);
      expect(new Set(times).size).toBeGreaterThan(240);
    }
    expect([...heldOutPasses(3, 2).timesteps].every((t) => t === 0 || t === 1)).toBe(true);
  });
});
