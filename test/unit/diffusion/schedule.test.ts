import { describe, expect, it } from "vitest";
import { betaSchedule } from "../../../src/core/diffusion/betas.ts";
import { noiseSchedule } from "../../../src/core/diffusion/schedule.ts";

describe("betaSchedule", () => {
  it("linear, T = 1000: from 1e-4 to 0.02, and the known cumulative product", () => {
    const { betas, alphasCumprod } = betaSchedule({ timesteps: 1000, schedule: "linear" });
    expect(betas[0]).toBeCloseTo(1e-4, 15);
    expect(betas[999]).toBeCloseTo(0.02, 15);
    expect(betas[1]! - betas[0]!).toBeCloseTo(0.0199 / 999, 15);
    expect(alphasCumprod[0]).toBeCloseTo(0.9999, 14);
    // Computed apart, in Python's float64.
    expect(alphasCumprod[999]! / 4.0358297e-5).toBeCloseTo(1, 6);
  });

  it("linear is scaled by 1000/T: the end hardly depends on T", () => {
    const coarse = betaSchedule({ timesteps: 250, schedule: "linear" });
    expect(coarse.betas[0]).toBeCloseTo(4e-4, 15);
    expect(coarse.betas[249]).toBeCloseTo(0.08, 15);
    expect(coarse.alphasCumprod[249]).toBeGreaterThan(1e-5);
    expect(coarse.alphasCumprod[249]).toBeLessThan(1e-4);
  });

  it("cosine: ᾱ follows f(t+1)/f(0) until the clip, and the last β is 0.999", () => {
    const T = 1000;
    const { betas, alphasCumprod } = betaSchedule({ timesteps: T, schedule: "cosine" });
    const f = (t: number) => Math.cos(((t / T + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    for (const t of [0, 1, 10, 500, 900, 998]) expect(alphasCumprod[t]! / (f(t + 1) / f(0))).toBeCloseTo(1, 9);
    expect(betas[999]).toBe(0.999);
    expect(alphasCumprod[999]).toBeCloseTo(alphasCumprod[998]! * 0.001, 18);
    expect(betas[0]).toBeCloseTo(4.128e-5, 8);
  });

  it.each(["linear", "cosine"] as const)("%s: ᾱ falls strictly and stays within (0, 1) for every T", (schedule) => {
    for (const timesteps of [2, 3, 7, 20, 100, 1000, 10_000]) {
      const { betas, alphasCumprod } = betaSchedule({ timesteps, schedule });
      const last = alphasCumprod[timesteps - 1]!;
      expect(betas.every((beta) => beta > 0 && beta <= 0.999)).toBe(true);
      expect(alphasCumprod.every((alpha, t) => alpha < (t === 0 ? 1 : alphasCumprod[t - 1]!))).toBe(true);
      expect(last).toBeGreaterThan(0);
    }
  });
});

describe("noiseSchedule", () => {
  it("ddpm: signal and noise are the roots of ᾱ and of what it leaves", () => {
    for (const schedule of ["linear", "cosine"] as const) {
      const { levels, shareName } = noiseSchedule({ process: "ddpm", timesteps: 100, schedule });
      const { alphasCumprod } = betaSchedule({ timesteps: 100, schedule });
      expect(shareName).toBe("ᾱ");
      expect(levels.map(({ share }) => share)).toEqual([...alphasCumprod]);
      for (const { signal, noise, share } of levels) {
        expect(signal ** 2).toBeCloseTo(share, 15);
        expect(noise ** 2).toBeCloseTo(1 - share, 15);
      }
    }
  });

  it.each([2, 7, 1000])("flow, T = %i: from nearly the image to nothing of it, whatever the schedule", (timesteps) => {
    const { levels, shareName } = noiseSchedule({ process: "flow", timesteps, schedule: "cosine" });
    expect(noiseSchedule({ process: "flow", timesteps, schedule: "linear" }).levels).toEqual(levels);
    expect(shareName).toBe("a");
    expect(levels).toHaveLength(timesteps);
    levels.forEach(({ signal, noise, share, velocity }, t) => {
      expect(noise).toBe((t + 1) / timesteps);
      expect(signal + noise).toBeCloseTo(1, 15);
      expect(share).toBe(signal);
      expect(velocity).toEqual({ x0: 1, epsilon: -1 });
    });
    expect(levels.at(-1)).toMatchObject({ signal: 0, noise: 1, divisor: 0.05 });
  });
});
