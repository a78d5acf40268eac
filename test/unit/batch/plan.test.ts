import { describe, expect, it } from "vitest";
import type { BatchPlan } from "../../../src/core/batch/plan.ts";
import { maskGeometry } from "../../../src/core/masks/masks.ts";
import { uniformityP } from "../random/chiSquare.ts";
import { always, patchMask, planner, UNIFORM } from "./planner.ts";

const plain = (plan: BatchPlan) => ({
  indices: [...plan.indices],
  flips: [...plan.flips],
  timesteps: [...plan.timesteps],
  droppedLabels: [...plan.droppedLabels],
  visible: [...plan.visible],
});

describe("order of images", () => {
  it.each([
    [100, 8],
    [10, 10],
    [7, 3],
    [3, 8],
    [1, 4],
    [5, 1],
  ])("%i images in batches of %i: every image once per epoch", (datasetSize, batchSize) => {
    const batches = planner({ datasetSize, batchSize });
    const epochs = 6;
    const seen: number[] = [];
    for (let step = 0; seen.length < epochs * datasetSize; step++) seen.push(...batches.plan(step).indices);
    const all = [...new Array(datasetSize).keys()];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const images = seen.slice(epoch * datasetSize, (epoch + 1) * datasetSize);
      expect(images.sort((a, b) => a - b)).toEqual(all);
    }
  });

  it("is another one in every epoch, seed and stage", () => {
    const orders = [
      planner({ batchSize: 100 }).plan(0),
      planner({ batchSize: 100 }).plan(1),
      planner({ batchSize: 100, seed: 2 }).plan(0),
      planner({ batchSize: 100, stage: "finetune" }).plan(0),
    ].map((plan) => plan.indices.join());
    expect(new Set(orders).size).toBe(4);
  });

  it("does not depend on the batch size", () => {
    const whole = [...planner({ batchSize: 60 }).plan(0).indices];
    const parts = planner({ batchSize: 12 });
    expect([0, 1, 2, 3, 4].flatMap((step) => [...parts.plan(step).indices])).toEqual(whole);
  });

  it("needs an image", () => {
    expect(() => planner({ datasetSize: 0 })).toThrow("the data set holds no image");
  });
});

describe("a mask that changes", () => {
  const [dense, sparse] = [maskGeometry(patchMask(0.25), 4), maskGeometry(patchMask(0.75), 4)];
  const masks = [
    { until: 3, geometry: sparse },
    { until: 5, geometry: dense },
  ];

  it("changes S at its borders, and holds behind the end", () => {
    const batches = planner({ masks });
    const visible = [0, 2, 3, 4, 5, 1000].map((step) => batches.plan(step).visible.length / 8);
    expect(visible).toEqual([4, 4, 12, 12, 12, 12]);
    expect(batches.mask(4, 1)).toHaveLength(12);
  });

  it("changes nothing else about a step, and its masks are those of a mask that does not change", () => {
    const [changing, whole] = [planner({ masks }), planner({ masks: always(dense) })];
    expect(plain(changing.plan(3))).toEqual(plain(whole.plan(3)));
    const { visible: _, ...before } = plain(changing.plan(2));
    expect(before).toEqual((({ visible, ...rest }) => rest)(plain(whole.plan(2))));
    const noise = [changing, whole].map((batches) => {
      const out = new Float32Array(12);
      batches.fillNoise(2, 1, Int32Array.of(7), 12, out, 0);
      return [...out];
    });
    expect(noise[0]).toEqual(noise[1]);
  });
});

describe("a step's plan", () => {
  it("is the same whichever steps were planned before", () => {
    const fresh = (step: number) => plain(planner({ datasetSize: 13 }).plan(step));
    const used = planner({ datasetSize: 13 });
    for (const step of [0, 1, 2, 500, 3, 123_456, 0, 499]) expect(plain(used.plan(step))).toEqual(fresh(step));
  });

  it("shares nothing with the same step of the other stage", () => {
    const change = { batchSize: 32, masks: always(maskGeometry(patchMask(0.5), 8)) };
    const pretrain = plain(planner(change).plan(5));
    const finetune = plain(planner({ ...change, stage: "finetune" }).plan(5));
    for (const key of ["indices", "flips", "timesteps", "visible"] as const) {
      expect(finetune[key], key).not.toEqual(pretrain[key]);
    }
  });

  it("keeps the timesteps and the order whatever the mask and the flips", () => {
    const masked = planner().plan(3);
    const whole = planner({ masks: always(maskGeometry({ ...patchMask(0), strategy: "none" }, 4)), hflip: 0 }).plan(3);
    expect([...whole.timesteps]).toEqual([...masked.timesteps]);
    expect([...whole.indices]).toEqual([...masked.indices]);
    expect(whole.visible.length).toBe(8 * 16);
  });
});

/** Of the standard normal distribution (Abramowitz & Stegun, table 26.5). */
const DECILES = [-1.28155, -0.84162, -0.5244, -0.25335, 0, 0.25335, 0.5244, 0.84162, 1.28155];

describe("shares", () => {
  const steps = 2000;
  const plans = (change: Parameters<typeof planner>[0] = {}) => {
    const batches = planner(change);
    return Array.from({ length: steps }, (_, step) => batches.plan(step));
  };
  const total = steps * 8;
  const count = (rows: readonly Uint8Array[]) => rows.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
  /** within five standard deviations of a binomial share */
  const expectShare = (ones: number, share: number) =>
    expect(Math.abs(ones / total - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / total));

  it("timesteps are uniform on {0 … T-1}", () => {
    const counts = new Array<number>(1000).fill(0);
    for (const plan of plans()) for (const t of plan.timesteps) counts[t]!++;
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
    const few = new Array<number>(7).fill(0);
    for (const plan of plans({ diffusion: { ...UNIFORM, timesteps: 7 } })) for (const t of plan.timesteps) few[t]!++;
    expect(uniformityP(few)).toBeGreaterThan(1e-4);
  });

  it.each([
    [0, 1],
    [-0.4, 1],
    [-0.8, 0.8],
  ])("timesteps are logit-normal with mean %f and deviation %f", (logit_mean, logit_std) => {
    const T = 1000;
    const diffusion = {
      ...UNIFORM,
      timesteps: T,
      timestep_distribution: "logit_normal",
      logit_mean,
      logit_std,
    } as const;
    // Standardised logits of the shares that begin each timestep, so that the normal distribution says how many lie below.
    const counts = new Array<number>(10).fill(0);
    for (const plan of plans({ diffusion })) {
      for (const t of plan.timesteps) {
        const u = 1 - (t + 0.5) / T;
        const z = (Math.log(u / (1 - u)) - logit_mean) / logit_std;
        counts[DECILES.filter((decile) => decile < z).length]!++;
      }
    }
    // Whole timesteps make the borders of the tenths a little uneven.
    for (const number of counts) expect(Math.abs(number / total - 0.1)).toBeLessThan(0.012);
  });

  it("logit-normal timesteps stay within {0 … T-1} however far out they are drawn", () => {
    for (const [logit_mean, t] of [
      [10, 0],
      [-10, 2],
    ] as const) {
      const diffusion = { ...UNIFORM, timesteps: 3, timestep_distribution: "logit_normal", logit_mean } as const;
      expect(new Set(planner({ diffusion }).plan(0).timesteps)).toEqual(new Set([t]));
    }
  });

  it.each([0.1, 0.5, 0.9])("hflip %f is met", (hflip) => {
    expectShare(count(plans({ hflip }).map((plan) => plan.flips)), hflip);
  });

  it.each([0.1, 0.5])("class dropout %f is met", (labelDropout) => {
    expectShare(count(plans({ labelDropout }).map((plan) => plan.droppedLabels)), labelDropout);
  });

  it("0 and 1 are exact", () => {
    const never = plans({ hflip: 0, labelDropout: 0 });
    expect(count(never.map((plan) => plan.flips)) + count(never.map((plan) => plan.droppedLabels))).toBe(0);
    const always = plans({ hflip: 1, labelDropout: 1 });
    expect(count(always.map((plan) => plan.flips))).toBe(total);
    expect(count(always.map((plan) => plan.droppedLabels))).toBe(total);
  });

  it("flip, dropped label and a late timestep are independent of each other", () => {
    const cells = new Array<number>(8).fill(0);
    for (const plan of plans({ labelDropout: 0.5 })) {
      for (let slot = 0; slot < 8; slot++) {
        cells[plan.flips[slot]! + 2 * plan.droppedLabels[slot]! + (plan.timesteps[slot]! < 500 ? 0 : 4)]!++;
      }
    }
    expect(uniformityP(cells)).toBeGreaterThan(1e-4);
  });

  it("every token of the batch's masks is visible equally often, in every slot", () => {
    const perSlot = Array.from({ length: 8 }, () => new Map<string, number>());
    const batches = planner({ masks: always(maskGeometry(patchMask(0.75), 2)) });
    for (let step = 0; step < steps; step++) {
      const { visible } = batches.plan(step);
      for (let slot = 0; slot < 8; slot++) {
        const key = String(visible[slot]);
        perSlot[slot]!.set(key, (perSlot[slot]!.get(key) ?? 0) + 1);
      }
    }
    for (const counts of perSlot) {
      expect(counts.size).toBe(4);
      expect(uniformityP([...counts.values()])).toBeGreaterThan(1e-4);
    }
  });
});
