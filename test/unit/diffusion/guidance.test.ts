/** Classifier-free guidance, on networks whose answers are known. */
import { describe, expect, it } from "vitest";
import { guidanceOf, guided, passesPerImage, whyUnguided } from "../../../src/core/diffusion/guidance.ts";
import { type Denoiser, sampleImages } from "../../../src/core/diffusion/samplers.ts";
import { refuseUnused } from "../../../src/core/run/askedDrawing.ts";
import { guidanceText, recordedGuidance } from "../../../src/core/run/guidanceRecord.ts";
import { experimentOf } from "../designer/support.ts";
import { gaussianDenoiser, largestDifference, PREDICTIONS } from "./gaussian.ts";

const conditional = (sample: string, classes = 2) =>
  experimentOf(`
data: { path: images, labels: folders }
model: { num_classes: ${classes} }
diffusion: { timesteps: 11 }
sample: { steps: 11, ${sample} }
`);

/** Answers label + 10 for every pixel, and remembers the labels it was asked about. */
function linear(): { readonly network: Denoiser; readonly asked: number[][] } {
  const asked: number[][] = [];
  return {
    asked,
    network: async (x, _, labels) => {
      asked.push([...labels!]);
      return x.map((_value, i) => labels![Math.floor(i / 2)]! + 10);
    },
  };
}

/** Output of the guided network for two images of two pixels, of classes 0 and 1. */
async function outputs(sample: string, timesteps: readonly number[]) {
  const { network, asked } = linear();
  const denoiser = guided(network, guidanceOf(conditional(sample)));
  const output = await denoiser(new Float32Array(4), Int32Array.from(timesteps), Int32Array.of(0, 1));
  return { output: [...output], asked };
}

describe("guidance", () => {
  it("drives what is predicted with a class away from what is predicted without", async () => {
    // Without a class, label 2: 12. 12 + 3 (10 - 12) = 6, and 12 + 3 (11 - 12) = 9.
    const { output, asked } = await outputs("guidance: 3", [5, 5]);
    expect(output).toEqual([6, 6, 9, 9]);
    expect(asked).toEqual([
      [0, 1],
      [2, 2],
    ]);
  });

  it("of 1 is the network itself, asked once", async () => {
    const { network } = linear();
    expect(guided(network, guidanceOf(conditional("guidance: 1")))).toBe(network);
    expect(guided(network, guidanceOf(conditional("guidance: 3", 0)))).toBe(network);
  });

  it("of 0 asks without a class only", async () => {
    const { output, asked } = await outputs("guidance: 0", [5, 5]);
    expect(output).toEqual([12, 12, 12, 12]);
    expect(asked).toEqual([[2, 2]]);
  });

  it("leaves alone what is outside of its interval, both ends of which belong to it", async () => {
    // T - 1 = 10: from 3, and to 6.
    const sample = "guidance: 3, guidance_interval: [0.3, 0.6]";
    for (const t of [0, 2, 7, 10]) {
      const { output, asked } = await outputs(sample, [t, t]);
      expect(output, `${t}`).toEqual([10, 10, 11, 11]);
      expect(asked).toHaveLength(1);
    }
    for (const t of [3, 4, 6]) expect((await outputs(sample, [t, t])).output, `${t}`).toEqual([6, 6, 9, 9]);
    expect((await outputs(sample, [2, 6])).output).toEqual([10, 10, 9, 9]);
  });

  it("has whole numbers as the ends of its interval, whatever the arithmetic of shares leaves", () => {
    const ends = (interval: string, timesteps: number) => {
      const experiment = conditional(`guidance: 2, guidance_interval: ${interval}`);
      const { first, last } = guidanceOf({ ...experiment, diffusion: { ...experiment.diffusion, timesteps } })!;
      return [first, last];
    };
    expect(ends("[0, 1]", 1000)).toEqual([0, 999]);
    // 0.28 · 100 is 28.000000000000004 and 0.29 · 100 is 28.999999999999996.
    expect(ends("[0.28, 0.29]", 101)).toEqual([28, 29]);
    expect(ends("[0.5, 0.5]", 1000)).toEqual([500, 500]);
  });

  it("counts the passes through the network", () => {
    const passes = (sample: string, classes?: number): number => passesPerImage(conditional(sample, classes));
    expect(passes("guidance: 1")).toBe(11);
    expect(passes("guidance: 3")).toBe(22);
    expect(passes("guidance: 0")).toBe(11);
    expect(passes("guidance: 3", 0)).toBe(11);
    expect(passes("guidance: 3, guidance_interval: [0.3, 0.6]")).toBe(15);
    const few = conditional("guidance: 3, guidance_interval: [0.3, 0.6]");
    // Times 10, 6 and 2; and more steps than there are timesteps are not taken.
    expect(passesPerImage({ ...few, sample: { ...few.sample, steps: 3 } })).toBe(4);
    expect(passesPerImage({ ...few, sample: { ...few.sample, steps: 500 } })).toBe(15);
  });

  it.each(PREDICTIONS)("draws the same images whatever is predicted: %s", async (prediction) => {
    const of = (predicted: typeof prediction) => {
      const diffusion = { process: "ddpm", timesteps: 200, schedule: "linear", prediction: predicted } as const;
      const network = gaussianDenoiser(diffusion, { mean: (label) => [0.2, -0.4, 0][label]!, deviation: 0.3 });
      return sampleImages({
        diffusion,
        denoiser: guided(network, { scale: 2, first: 0, last: 150, noClass: 2 }),
        sample: { sampler: "ddim", steps: 40, eta: 0, clip: false },
        ...{ seed: 1, imageSize: 4, channels: 1, count: 2, labels: Int32Array.of(0, 1) },
      });
    };
    expect(largestDifference(await of(prediction), await of("epsilon"))).toBeLessThan(1e-4);
  });
});

describe("guidance without effect", () => {
  it.each([
    ["guidance: 3", 0, "num_classes is 0"],
    ["guidance: 1, guidance_interval: [0, 0.5]", 2, "guidance is 1"],
    ["guidance: 3, guidance_interval: [0.8, 0.2]", 2, "begins at 0.8, above its end 0.2"],
    ["guidance: 3, guidance_interval: [0.1, 0.2], steps: 2", 2, "none of the 2 timesteps"],
  ])("{%s} of %d classes: %s", (sample, classes, why) => {
    const experiment = conditional(sample.replace(", steps: 2", ""), classes);
    const steps = sample.includes("steps: 2") ? 2 : 11;
    expect(whyUnguided({ ...experiment, sample: { ...experiment.sample, steps } })?.text).toContain(why);
  });

  it("is none where it has", () => {
    expect(whyUnguided(conditional("guidance: 3, guidance_interval: [0.25, 0.35]"))).toBeNull();
  });

  it("is refused where it is asked for in so many words", () => {
    const asked = [{ path: "sample.guidance", value: "3" }];
    expect(() => refuseUnused(conditional("guidance: 3", 0), asked)).toThrow(
      /sample\.guidance 3 has no effect: num_classes/,
    );
    expect(() => refuseUnused(conditional("guidance: 3"), asked)).not.toThrow();
    expect(() => refuseUnused(conditional("guidance: 3", 0), [])).not.toThrow();
  });
});

it("is recorded where there is some", () => {
  expect(recordedGuidance(conditional("guidance: 1, guidance_interval: [0, 0.5]"))).toBeUndefined();
  expect(recordedGuidance(conditional("guidance: 3", 0))).toBeUndefined();
  expect(recordedGuidance(conditional("guidance: 3, guidance_interval: [0.8, 0.2]"))).toBeUndefined();
  const everywhere = recordedGuidance(conditional("guidance: 2.5"))!;
  expect(everywhere).toEqual({ scale: 2.5, from: 0, to: 1 });
  expect(guidanceText(everywhere)).toBe("guidance 2.5");
  expect(guidanceText({ ...everywhere, from: 0.2 })).toBe("guidance 2.5 from 0.2 to 1 of the noise");
});
