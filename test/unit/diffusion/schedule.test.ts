import { describe, expect, it } from "vitest";
import { noiseSchedule } from "../../../src/core/diffusion/schedule.ts";

describe("noiseSchedule", () => {
  it("linear, T = 1000: from 1e-4 to 0.02, and the known cumulative product", () => {
    const { betas, alphasCumprod } = noiseSchedule({ timesteps: 1000, schedule: "linear" });
    expect(betas[0]).toBeCloseTo(1e-4, 15);
    expect(betas[999]).toBeCloseTo(0.02, 15);
    expect(betas[1]! - betas[0]!).toBeCloseTo(0.0199 / 999, 15);
    expect(alphasCumprod[0]).toBeCloseTo(0.9999, 14);
    // Computed apart, in Python's float64.
    expect(alphasCumprod[999]! / 4.0358297e-5).toBeCloseTo(1, 6);
  });

  it("linear is scaled by 1000/T: the end hardly depends on T", () => {
    const coarse = noiseSchedule({ timesteps: 250, schedule: "linear" });
    expect(coarse.betas[0]).toBeCloseTo(4e-4, 15);
    expect(coarse.betas[249]).toBeCloseTo(0.08, 15);
    expect(coarse.alphasCumprod[249]).toBeGreaterThan(1e-5);
    expect(coarse.alphasCumprod[249]).toBeLessThan(1e-4);
  });

  it("cosine: ᾱ follows f(t+1)/f(0) until the clip, and the last β is 0.999", () => {
    const T = 1000;
    const { betas, alphasCumprod } = noiseSchedule({ timesteps: T, schedule: "cosine" });
    const f = (t: number) => Math.cos(((t / T + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    for (const t of [0, 1, 10, 500, 900, 998]) expect(alphasCumprod[t]! / (f(t + 1) / f(0))).toBeCloseTo(1, 9);
    expect(betas[999]).toBe(0.999);
    expect(alphasCumprod[999]).toBeCloseTo(alphasCumprod[998]! * 0.001, 18);
    expect(betas[0]).toBeCloseTo(4.128e-5, 8);
  });

  it.each(["linear", "cosine"] as const)("%s: ᾱ falls strictly and stays within (0, 1) for every T", (schedule) => {
    for (const timesteps of [2, 3, 7, 20, 100, 1000, 10_000]) {
      const { betas, alphasCumprod } = noiseSchedule({ timesteps, schedule });
      const last = alphasCumprod[timesteps - 1]!;
      expect(betas.every((beta) => beta > 0 && beta <= 0.999)).toBe(true);
      expect(alphasCumprod.every((alpha, t) => alpha < (t === 0 ? 1 : alphasCumprod[t - 1]!))).toBe(true);
      expect(last).toBeGreaterThan(0);
    }
  });
});
