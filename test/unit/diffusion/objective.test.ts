import { describe, expect, it } from "vitest";
import {
  lossWeight,
  signalToNoise,
  targetCoefficients,
  toX0AndEpsilon,
} from "../../../src/core/diffusion/objective.ts";

const PREDICTIONS = ["epsilon", "v", "x0"] as const;

describe("targets", () => {
  it.each(PREDICTIONS)("%s: a perfect output gives image and noise back", (prediction) => {
    const x0 = Float32Array.from([-1, -0.25, 0, 0.5, 1]);
    const epsilon = Float32Array.from([0.3, -2, 1.5, 0, 0.7]);
    for (const alpha of [0.99, 0.5, 0.02]) {
      const a = targetCoefficients(prediction, alpha);
      const xt = x0.map((x, i) => Math.sqrt(alpha) * x + Math.sqrt(1 - alpha) * epsilon[i]!);
      const output = x0.map((x, i) => a.x0 * x + a.epsilon * epsilon[i]!);
      const read = toX0AndEpsilon(prediction, output, xt, alpha);
      for (let i = 0; i < x0.length; i++) {
        expect(read.x0[i]).toBeCloseTo(x0[i]!, 5);
        expect(read.epsilon[i]).toBeCloseTo(epsilon[i]!, 5);
      }
    }
  });

  it("v is the derivative of x_t along the angle of (sqrt ᾱ, sqrt(1-ᾱ))", () => {
    const v = targetCoefficients("v", 0.36);
    expect(v.x0).toBeCloseTo(-0.8, 12);
    expect(v.epsilon).toBeCloseTo(0.6, 12);
  });
});

describe("lossWeight", () => {
  const config = (prediction: (typeof PREDICTIONS)[number]) =>
    ({ prediction, loss_weighting: "min_snr", min_snr_gamma: 5 }) as const;

  it("is 1 when uniform", () => {
    for (const prediction of PREDICTIONS)
      expect(lossWeight({ prediction, loss_weighting: "uniform", min_snr_gamma: 5 }, 0.3)).toBe(1);
  });

  it("caps the signal-to-noise ratio at gamma", () => {
    const alpha = 10 / 11; // SNR 10, above gamma
    expect(lossWeight(config("x0"), alpha)).toBeCloseTo(5, 10);
    expect(lossWeight(config("epsilon"), alpha)).toBeCloseTo(0.5, 10);
    expect(lossWeight(config("v"), alpha)).toBeCloseTo(5 / 11, 10);
  });

  it("leaves noisy timesteps as they are", () => {
    const alpha = 0.2; // SNR 0.25, below gamma
    expect(lossWeight(config("x0"), alpha)).toBeCloseTo(0.25, 12);
    expect(lossWeight(config("epsilon"), alpha)).toBe(1);
    expect(lossWeight(config("v"), alpha)).toBeCloseTo(0.2, 12);
  });

  it("is the same loss on x0 whatever is predicted", () => {
    // An error d of x0 at fixed x_t is an error sqrt(SNR) d of ε and d / sqrt(1-ᾱ) of v, so the weighted losses must agree.
    for (const alpha of [0.999, 0.9, 0.5, 0.01]) {
      const onX0 = lossWeight(config("x0"), alpha);
      expect(lossWeight(config("epsilon"), alpha) * signalToNoise(alpha)).toBeCloseTo(onX0, 9);
      expect(lossWeight(config("v"), alpha) / (1 - alpha)).toBeCloseTo(onX0, 9);
    }
  });
});
