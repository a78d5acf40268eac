import { describe, expect, it } from "vitest";
import { betaSchedule } from "../../../src/core/diffusion/betas.ts";
import { type SampleRequest, type SampleStep, sampleImages } from "../../../src/core/diffusion/samplers.ts";
import { noiseSchedule } from "../../../src/core/diffusion/schedule.ts";
import { evaluationsOf, mostEvaluations, samplingTimes } from "../../../src/core/diffusion/timeSteps.ts";
import { SAMPLER_CHOICES } from "../../../src/core/experiment/samplerChoices.ts";
import { exactFlow, type Gaussian, gaussianDenoiser, largestDifference, moments, PREDICTIONS } from "./gaussian.ts";

const DATA: Gaussian = { mean: (label) => [0.2, -0.4][label]!, deviation: 0.3 };
const COSINE = { process: "ddpm", timesteps: 1000, schedule: "cosine", prediction: "epsilon" } as const;
const LINEAR = { ...COSINE, schedule: "linear" } as const;
const FLOW = { ...COSINE, process: "flow" } as const;
const SAMPLERS = SAMPLER_CHOICES;

function request(changes: Partial<SampleRequest> & Pick<SampleRequest, "sample">): SampleRequest {
  const diffusion = changes.diffusion ?? COSINE;
  return {
    diffusion,
    denoiser: gaussianDenoiser(diffusion, DATA),
    seed: 11,
    imageSize: 8,
    channels: 3,
    count: 4,
    ...changes,
  };
}

async function trajectory(changes: Parameters<typeof request>[0]): Promise<SampleStep[]> {
  const steps: SampleStep[] = [];
  await sampleImages(request({ ...changes, onStep: (step) => void steps.push(step) }));
  return steps;
}

describe("samplingTimes", () => {
  it("is evenly spaced from T-1 down to -1", () => {
    expect([...samplingTimes(1000, 4)]).toEqual([999, 749, 499, 249, -1]);
    expect([...samplingTimes(10, 3)]).toEqual([9, 5, 2, -1]);
    expect([...samplingTimes(1000, 1)]).toEqual([999, -1]);
    expect([...samplingTimes(3, 3)]).toEqual([2, 1, 0, -1]);
  });

  it("takes T steps where more are asked, and never visits a time twice", () => {
    expect(samplingTimes(7, 1000)).toEqual(samplingTimes(7, 7));
    for (let T = 2; T < 60; T++) {
      for (let steps = 1; steps <= T; steps++) {
        const times = samplingTimes(T, steps);
        expect(times).toHaveLength(steps + 1);
        expect(times.slice(1).every((time, i) => time < times[i]!)).toBe(true);
      }
    }
  });
});

describe("Gaussian data", () => {
  // 12,288 values: standard errors of 0.0027 on the mean and 1.3 % on the variance; four of them are allowed.
  const many = { imageSize: 16, count: 16 };

  it.each([
    { name: "ddim eta 0", sample: { sampler: "ddim", steps: 200, eta: 0, clip: false } },
    { name: "ddim eta 0.5", sample: { sampler: "ddim", steps: 500, eta: 0.5, clip: false } },
    { name: "ddim eta 1", sample: { sampler: "ddim", steps: 1000, eta: 1, clip: false } },
    { name: "ancestral", sample: { sampler: "ancestral", steps: 1000, eta: 0, clip: false } },
    { name: "dpmpp_2m", sample: { sampler: "dpmpp_2m", steps: 60, eta: 0, clip: false } },
    { name: "euler", sample: { sampler: "euler", steps: 200, eta: 0, clip: false } },
    { name: "heun", sample: { sampler: "heun", steps: 101, eta: 0, clip: false } },
    { name: "ddim eta 0, flow", sample: { sampler: "ddim", steps: 200, eta: 0, clip: false }, diffusion: FLOW },
    { name: "ddim eta 0.5, flow", sample: { sampler: "ddim", steps: 500, eta: 0.5, clip: false }, diffusion: FLOW },
    { name: "ancestral, flow", sample: { sampler: "ancestral", steps: 1000, eta: 0, clip: false }, diffusion: FLOW },
    { name: "dpmpp_2m, flow", sample: { sampler: "dpmpp_2m", steps: 60, eta: 0, clip: false }, diffusion: FLOW },
    { name: "euler, flow", sample: { sampler: "euler", steps: 200, eta: 0, clip: false }, diffusion: FLOW },
    { name: "heun, flow", sample: { sampler: "heun", steps: 101, eta: 0, clip: false }, diffusion: FLOW },
  ] as const)("$name reproduces mean and variance", async ({ sample, ...process }) => {
    const { mean, variance } = moments(await sampleImages(request({ ...many, sample, ...process })));
    expect(Math.abs(mean - 0.2)).toBeLessThan(4 * 0.0027);
    expect(Math.abs(variance / 0.09 - 1)).toBeLessThan(4 * 0.013);
  });

  it.each(["v", "x0"] as const)("flow: %s prediction draws the same images as the other", async (prediction) => {
    for (const sampler of SAMPLERS) {
      const sample = { sampler, steps: 30, eta: 0.7, clip: true };
      const reference = await sampleImages(request({ sample, diffusion: { ...FLOW, prediction: "v" } }));
      const images = await sampleImages(request({ sample, diffusion: { ...FLOW, prediction } }));
      expect(largestDifference(images, reference)).toBeLessThan(1e-4);
    }
  });

  it.each(PREDICTIONS)("%s prediction draws the same images as any other", async (prediction) => {
    for (const sampler of SAMPLERS) {
      const sample = { sampler, steps: 30, eta: 0.7, clip: true };
      const reference = await sampleImages(request({ sample, diffusion: LINEAR }));
      const images = await sampleImages(request({ sample, diffusion: { ...LINEAR, prediction } }));
      expect(largestDifference(images, reference)).toBeLessThan(1e-4);
    }
  });
});

describe.each([
  { name: "ddpm", process: { ...LINEAR, timesteps: 6400 } },
  { name: "flow", process: { ...FLOW, timesteps: 6400, prediction: "v" } },
] as const)("order of convergence to the exact ODE solution, $name", ({ name, process }) => {
  // Coarse to fine; every one of these step counts visits time 1279.
  const { levels } = noiseSchedule(process);

  async function errorAt1279(sampler: (typeof SAMPLERS)[number], steps: number): Promise<number> {
    const asked = sampler === "heun" ? 2 * steps - 1 : steps;
    const visited = await trajectory({ diffusion: process, sample: { sampler, steps: asked, eta: 0, clip: false } });
    expect(visited).toHaveLength(steps);
    const start = visited[0]!.xt;
    const reached = visited.find((step) => step.nextTimestep === 1279)!.xNext;
    const exact = start.map((x) => exactFlow(x, levels[6399]!, levels[1279]!, DATA));
    return largestDifference(reached, exact);
  }

  it.each([
    ["ddim", 2],
    ["euler", 2],
    ["dpmpp_2m", 4],
    ["heun", 4],
  ] as const)("%s: the error falls about %f times when the steps double", async (sampler, factor) => {
    const errors: number[] = [];
    for (const steps of [50, 100, 200]) errors.push(await errorAt1279(sampler, steps));
    for (let i = 1; i < errors.length; i++) {
      const ratio = errors[i - 1]! / errors[i]!;
      expect(ratio, `${name}: ${errors}`).toBeGreaterThan(0.9 * factor);
      expect(ratio, `${name}: ${errors}`).toBeLessThan(1.1 * factor);
    }
    expect(errors[2]).toBeLessThan(factor === 2 ? 0.004 : 0.0001);
  });
});

describe("how often the network is asked", () => {
  it("is said by sample.steps, as far as there are timesteps", () => {
    const of = (sampler: (typeof SAMPLERS)[number], steps: number) => evaluationsOf({ sampler, steps }, 10);
    for (const sampler of ["ddim", "ancestral", "dpmpp_2m", "euler"] as const) {
      expect(of(sampler, 7)).toEqual({ steps: 7, evaluations: 7 });
      expect(of(sampler, 11)).toEqual({ steps: 10, evaluations: 10 });
      expect(mostEvaluations(sampler, 10)).toBe(10);
    }
    expect(of("heun", 1)).toEqual({ steps: 1, evaluations: 1 });
    expect(of("heun", 7)).toEqual({ steps: 4, evaluations: 7 });
    expect(of("heun", 8)).toEqual({ steps: 4, evaluations: 7 });
    expect(of("heun", 100)).toEqual({ steps: 10, evaluations: 19 });
    expect(mostEvaluations("heun", 10)).toBe(19);
  });

  it.each(SAMPLERS)("%s: the network is asked as often as that", async (sampler) => {
    for (const steps of [1, 2, 6, 9]) {
      let asked = 0;
      const inner = gaussianDenoiser(FLOW, DATA);
      const denoiser: SampleRequest["denoiser"] = (...batch) => {
        asked++;
        return inner(...batch);
      };
      await sampleImages(request({ denoiser, diffusion: FLOW, sample: { sampler, steps, eta: 0, clip: true } }));
      expect(asked).toBe(evaluationsOf({ sampler, steps }, 1000).evaluations);
    }
  });
});

describe("steps of flow", () => {
  const diffusion = { ...FLOW, prediction: "v" } as const;
  const { levels } = noiseSchedule(diffusion);
  // Of no data set, and far from linear in x and t.
  const velocity = (x: number, t: number) => Math.fround(Math.tanh(2 * x) - Math.cos(t / 300));
  const denoiser: SampleRequest["denoiser"] = async (x, timesteps) => x.map((value) => velocity(value, timesteps[0]!));
  const steps = (sampler: (typeof SAMPLERS)[number], count: number, eta = 0) =>
    trajectory({ denoiser, diffusion, sample: { sampler, steps: count, eta, clip: false } });

  it("euler is x + (b - b') v, and what ddim is without noise", async () => {
    const visited = await steps("euler", 10);
    for (const { timestep, nextTimestep, xt, xNext } of visited) {
      const width = levels[timestep]!.noise - (nextTimestep < 0 ? 0 : levels[nextTimestep]!.noise);
      expect(width).toBeCloseTo(0.1, 12);
      expect(
        largestDifference(
          xNext,
          xt.map((x) => x + width * velocity(x, timestep)),
        ),
      ).toBeLessThan(1e-5);
    }
    expect((await steps("ddim", 10)).at(-1)!.xNext).toEqual(visited.at(-1)!.xNext);
  });

  it("heun takes the mean of the velocities at both ends, and euler's step to the clean image", async () => {
    for (const { timestep, nextTimestep, xt, xNext } of await steps("heun", 9)) {
      const expected = xt.map((x) => {
        const first = velocity(x, timestep);
        if (nextTimestep < 0) return x + levels[timestep]!.noise * first;
        const width = levels[timestep]!.noise - levels[nextTimestep]!.noise;
        return x + (width / 2) * (first + velocity(Math.fround(x + width * first), nextTimestep));
      });
      expect(largestDifference(xNext, expected)).toBeLessThan(1e-5);
    }
  });

  it("dpmpp_2m starts from pure noise as ddim does", async () => {
    const [first] = await steps("dpmpp_2m", 10);
    const [other] = await steps("ddim", 10);
    expect(largestDifference(first!.xNext, other!.xNext)).toBeLessThan(1e-6);
    expect((await steps("dpmpp_2m", 1)).at(-1)!.xNext.every(Number.isFinite)).toBe(true);
  });

  it("the noise that ancestral sampling adds is that of the posterior", async () => {
    const still: SampleRequest["denoiser"] = async (x) => x.map((value) => -value);
    const sample = { sampler: "ancestral", steps: 1000, eta: 1, clip: false } as const;
    const visited = await trajectory({ denoiser: still, diffusion, sample, count: 16 });
    const { xt, xNext, x0 } = visited.find(({ timestep }) => timestep === 500)!;
    // Computed apart: b = 0.501 and b' = 0.5, so s² = 0.501² - (0.499/0.5)² 0.25.
    const added = 0.501 ** 2 - (0.499 / 0.5) ** 2 * 0.25;
    const mean = xt.map((x, i) => (0.5 * added * x0[i]! + (0.499 / 0.5) * 0.25 * x) / 0.501 ** 2);
    const { variance } = moments(xNext.map((x, i) => x - mean[i]!));
    expect(variance / ((0.25 * added) / 0.501 ** 2)).toBeCloseTo(1, 1);
  });
});

describe("steps", () => {
  it.each([50, 1000])("ddim at eta 1 is ancestral sampling while the clamp is idle (%i steps)", async (steps) => {
    const ddim = await sampleImages(request({ sample: { sampler: "ddim", steps, eta: 1, clip: false } }));
    const ancestral = await sampleImages(request({ sample: { sampler: "ancestral", steps, eta: 0, clip: false } }));
    expect(largestDifference(ddim, ancestral)).toBeLessThan(1e-3);
    expect(moments(ddim).variance).toBeGreaterThan(0.05);
  });

  it.each(SAMPLERS)("%s: the last step returns the predicted image", async (sampler) => {
    for (const diffusion of [COSINE, FLOW]) {
      const visited = await trajectory({ diffusion, sample: { sampler, steps: 12, eta: 1, clip: true } });
      const last = visited.at(-1)!;
      expect(last.nextTimestep).toBe(-1);
      expect(last.xNext).toEqual(last.x0);
    }
  });

  it("ddim clamps x0 and keeps the noise as predicted", async () => {
    // ε = 0 makes x0 = x / sqrt(ᾱ), far outside [-1, 1] at the first step; re-deriving ε would add it back.
    const denoiser = async (x: Float32Array) => new Float32Array(x.length);
    const sample = { sampler: "ddim", steps: 10, eta: 0, clip: true } as const;
    const [first] = await trajectory({ denoiser, sample });
    const next = noiseSchedule(COSINE).levels[899]!;
    expect(first!.nextTimestep).toBe(899);
    const expected = first!.xt.map((x) => next.signal * Math.sign(x));
    expect(largestDifference(first!.xNext, expected)).toBeLessThan(1e-6);
  });

  it.each(["v", "x0"] as const)(
    "ddim derives the noise again from the clamped x0 with %s prediction",
    async (prediction) => {
      // With an output of 0 for v, x0 = sqrt(ᾱ) x: the clamp is idle. One far off makes it bite everywhere.
      const denoiser = async (x: Float32Array) => x.map((value) => (prediction === "x0" ? 5 : -5) * Math.sign(value));
      const sample = { sampler: "ddim", steps: 10, eta: 0, clip: true } as const;
      const [first] = await trajectory({ denoiser, sample, diffusion: { ...COSINE, prediction } });
      const { levels } = noiseSchedule(COSINE);
      const [from, to] = [levels[999]!, levels[899]!];
      const expected = first!.xt.map((x) => {
        const epsilon = (x - from.signal * Math.sign(x)) / from.noise;
        return to.signal * Math.sign(x) + to.noise * epsilon;
      });
      expect(first!.x0.every((x) => Math.abs(x) === 1)).toBe(true);
      expect(largestDifference(first!.xNext, expected)).toBeLessThan(1e-5);
    },
  );

  it("adds noise of the right size: eta scales ddim's, the last step has none", async () => {
    const denoiser = async (x: Float32Array) => new Float32Array(x.length);
    const variances: number[] = [];
    for (const eta of [0, 0.5, 1]) {
      const sample = { sampler: "ddim", steps: 1000, eta, clip: true } as const;
      const visited = await trajectory({ denoiser, sample, count: 16 });
      const step = visited.find((item) => item.timestep === 500)!;
      const { signal } = noiseSchedule(COSINE).levels[499]!;
      variances.push(moments(step.xNext.map((x, i) => x - signal * step.x0[i]!)).variance);
    }
    const { alphasCumprod, betas } = betaSchedule(COSINE);
    const posterior = (betas[500]! * (1 - alphasCumprod[499]!)) / (1 - alphasCumprod[500]!);
    expect(variances[0]).toBeLessThan(1e-12);
    expect(variances[1]! / (posterior / 4)).toBeCloseTo(1, 1);
    expect(variances[2]! / posterior).toBeCloseTo(1, 1);
  });

  it("keeps images within [-1, 1] with the clamp, whatever the network says", async () => {
    const denoiser = async (x: Float32Array) => x.map((_, i) => (i % 7) * 10 - 30);
    for (const sampler of SAMPLERS) {
      const images = await sampleImages(request({ denoiser, sample: { sampler, steps: 5, eta: 1, clip: true } }));
      expect(images.every((x) => x >= -1 && x <= 1)).toBe(true);
    }
  });
});

describe("images", () => {
  const sample = { sampler: "ddim", steps: 8, eta: 1, clip: true } as const;

  it.each(SAMPLERS)("%s: an image does not depend on the batch it is drawn in", async (sampler) => {
    const settings = { sample: { ...sample, sampler }, count: 7 };
    const labels = Int32Array.from([0, 1, 1, 0, 1, 0, 0]);
    const together = await sampleImages(request({ ...settings, labels }));
    for (const batchSize of [1, 3, 7, 100]) {
      expect(await sampleImages(request({ ...settings, labels, batchSize }))).toEqual(together);
    }
    const tail = request({ ...settings, firstImage: 5, count: 2, labels: labels.subarray(5) });
    expect(await sampleImages(tail)).toEqual(together.subarray(5 * 192));
  });

  it("draw images that are no squares", async () => {
    const flat = request({ sample, imageSize: 8, imageHeight: 2, channels: 1 });
    expect(await sampleImages(flat)).toHaveLength(flat.count * 16);
  });

  it("follow the seed, and differ from one another", async () => {
    const a = await sampleImages(request({ sample }));
    expect(await sampleImages(request({ sample }))).toEqual(a);
    expect(largestDifference(await sampleImages(request({ sample, seed: 12 })), a)).toBeGreaterThan(0.1);
    expect(largestDifference(a.subarray(0, 192), a.subarray(192, 384))).toBeGreaterThan(0.1);
  });

  it("follow the labels", async () => {
    const labels = Int32Array.from([0, 1, 0, 1]);
    const images = await sampleImages(request({ sample: { ...sample, steps: 100 }, imageSize: 16, labels }));
    for (let b = 0; b < 4; b++) {
      const { mean } = moments(images.subarray(b * 768, (b + 1) * 768));
      expect(Math.abs(mean - DATA.mean(labels[b]!))).toBeLessThan(0.05);
    }
  });

  it("come with the whole trajectory, and arrays that stay as they were", async () => {
    const visited = await trajectory({ sample, count: 5, batchSize: 2 });
    expect(visited.map((step) => [step.firstImage, step.count])).toEqual(
      [0, 2, 4].flatMap((first) => Array.from({ length: 8 }, () => [first, Math.min(2, 5 - first)])),
    );
    for (const [i, step] of visited.entries()) {
      expect(step.step).toBe(i % 8);
      expect(step.steps).toBe(8);
      expect(step.timestep).toBe(samplingTimes(1000, 8)[step.step]);
      if (step.step > 0) expect(step.xt).toEqual(visited[i - 1]!.xNext);
    }
    const images = await sampleImages(request({ sample, count: 5 }));
    expect(visited.filter((step) => step.nextTimestep === -1).flatMap((step) => [...step.xNext])).toEqual([...images]);
  });

  it("end where the callback throws", async () => {
    const stopped = sampleImages(
      request({
        sample,
        onStep: (step) => {
          if (step.step === 3) throw new Error("enough");
        },
      }),
    );
    await expect(stopped).rejects.toThrow("enough");
  });

  it("asks the network for one time per image", async () => {
    const asked: number[][] = [];
    const inner = gaussianDenoiser(COSINE, DATA);
    const denoiser: SampleRequest["denoiser"] = (x, timesteps, labels) => {
      asked.push([...timesteps]);
      return inner(x, timesteps, labels);
    };
    await sampleImages(request({ denoiser, sample: { ...sample, steps: 2 }, count: 3, batchSize: 2 }));
    expect(asked).toEqual([[999, 999], [499, 499], [999], [499]]);
  });
});
