import { describe, expect, it } from "vitest";
import {
  lossWeight,
  signalToNoise,
  targetCoefficients,
  toX0AndEpsilon,
} from "../../../src/core/diffusion/objective.ts";
import { ddpmLevel, flowLevel } from "../../../src/core/diffusion/schedule.ts";

const PREDICTIONS = ["epsilon", "v", "x0"] as const;
const LEVELS = { ddpm: [0.99, 0.5, 0.02].map(ddpmLevel), flow: [0.01, 0.5, 0.94].map(flowLevel) };

describe.each(["ddpm", "flow"] as const)("targets of %s", (process) => {
  it.each(PREDICTIONS)("%s: a perfect output gives image and noise back", (prediction) => {
    const x0 = Float32Array.from([-1, -0.25, 0, 0.5, 1]);
    const epsilon = Float32Array.from([0.3, -2, 1.5, 0, 0.7]);
    for (const level of LEVELS[process]) {
      const a = targetCoefficients(prediction, level);
      const xt = x0.map((x, i) => level.signal * x + level.noise * epsilon[i]!);
      const output = x0.map((x, i) => a.x0 * x + a.epsilon * epsilon[i]!);
      const read = toX0AndEpsilon(prediction, output, xt, level);
      for (let i = 0; i < x0.length; i++) {
        expect(read.x0[i]).toBeCloseTo(x0[i]!, 4);
        expect(read.epsilon[i]).toBeCloseTo(epsilon[i]!, 4);
      }
    }
  });
});

describe("v", () => {
  it("of ddpm is the derivative of x_t along the angle of (a, b)", () => {
    const v = targetCoefficients("v", ddpmLevel(0.36));
    expect(v.x0).toBeCloseTo(-0.8, 12);
    expect(v.epsilon).toBeCloseTo(0.6, 12);
  });

  it("of flow is the derivative of x_t along the share of the image", () => {
    const at = (noise: number) => flowLevel(noise).signal * 0.7 + flowLevel(noise).noise * -1.3;
    const v = targetCoefficients("v", flowLevel(0.3));
    expect(v.x0 * 0.7 + v.epsilon * -1.3).toBeCloseTo((at(0.3 - 1e-4) - at(0.3)) / 1e-4, 9);
  });
});

describe("pure noise, where flow ends", () => {
  const xt = Float32Array.from([0.5, -1.25]);
  const output = Float32Array.from([0.25, 0.75]);
  const read = (prediction: (typeof PREDICTIONS)[number]) => {
    const { x0, epsilon } = toX0AndEpsilon(prediction, output, xt, flowLevel(1));
    return { x0: [...x0], epsilon: [...epsilon] };
  };

  it("is the noise whatever image or velocity is predicted", () => {
    expect(read("x0")).toEqual({ x0: [0.25, 0.75], epsilon: [0.5, -1.25] });
    expect(read("v")).toEqual({ x0: [0.75, -0.5], epsilon: [0.5, -1.25] });
  });

  it("without the predicted noise is divided by 0.05 at least", () => {
    const { x0, epsilon } = read("epsilon");
    expect(x0[0]).toBeCloseTo(0.25 / 0.05, 5);
    expect(x0[1]).toBeCloseTo(-2 / 0.05, 4);
    expect(epsilon).toEqual([0.25, 0.75]);
  });
});

describe("lossWeight", () => {
  const config = (prediction: (typeof PREDICTIONS)[number], loss_weighting: "min_snr" | "velocity" = "min_snr") =>
    ({ prediction, loss_weighting, min_snr_gamma: 5 }) as const;

  it("is 1 when uniform", () => {
    for (const prediction of PREDICTIONS)
      expect(lossWeight({ prediction, loss_weighting: "uniform", min_snr_gamma: 5 }, ddpmLevel(0.3))).toBe(1);
  });

  it("caps the signal-to-noise ratio at gamma", () => {
    const level = ddpmLevel(10 / 11); // SNR 10, above gamma
    expect(lossWeight(config("x0"), level)).toBeCloseTo(5, 10);
    expect(lossWeight(config("epsilon"), level)).toBeCloseTo(0.5, 10);
    expect(lossWeight(config("v"), level)).toBeCloseTo(5 / 11, 10);
  });

  it("leaves noisy timesteps as they are", () => {
    const level = ddpmLevel(0.2); // SNR 0.25, below gamma
    expect(lossWeight(config("x0"), level)).toBeCloseTo(0.25, 12);
    expect(lossWeight(config("epsilon"), level)).toBe(1);
    expect(lossWeight(config("v"), level)).toBeCloseTo(0.2, 12);
  });

  it("min_snr of flow is min(a²/b², γ) on the image's error, and nothing at pure noise but for ε", () => {
    expect(lossWeight(config("x0"), flowLevel(0.25))).toBeCloseTo(5, 12);
    expect(lossWeight(config("x0"), flowLevel(0.5))).toBeCloseTo(1, 12);
    expect(lossWeight(config("epsilon"), flowLevel(0.25))).toBeCloseTo(5 / 9, 12);
    expect(lossWeight(config("v"), flowLevel(0.25))).toBeCloseTo(5 / 16, 12);
    expect(PREDICTIONS.map((prediction) => lossWeight(config(prediction), flowLevel(1)))).toEqual([1, 0, 0]);
  });

  it("velocity of flow by worked numbers, and no weight above 400", () => {
    const at = (noise: number) =>
      PREDICTIONS.map((prediction) => lossWeight(config(prediction, "velocity"), flowLevel(noise)));
    expect(at(0.8)[0]).toBeCloseTo(25, 9);
    expect(at(0.8)[2]).toBeCloseTo(1.5625, 12);
    expect(at(1)).toEqual([expect.closeTo(400, 9), 1, 1]);
    expect(at(0.001)[2]).toBeCloseTo(400, 9);
  });

  /** errors of x0, ε and v that an error of the prediction makes at a given x_t */
  const errorsOf = (prediction: (typeof PREDICTIONS)[number], level: ReturnType<typeof flowLevel>) => {
    const read = (output: number) => toX0AndEpsilon(prediction, Float32Array.of(output), Float32Array.of(0.25), level);
    const [one, other] = [read(0.5), read(0.75)];
    const x0 = (other.x0[0]! - one.x0[0]!) / 0.25;
    const epsilon = (other.epsilon[0]! - one.epsilon[0]!) / 0.25;
    return { x0, epsilon, v: level.velocity.x0 * x0 + level.velocity.epsilon * epsilon };
  };

  it.each(PREDICTIONS)("%s: weights the loss on x0 with min_snr, on v with velocity", (prediction) => {
    for (const level of [...[0.95, 0.5, 0.02].map(ddpmLevel), ...[0.06, 0.3, 0.5, 0.9].map(flowLevel)]) {
      const errors = errorsOf(prediction, level);
      const capped = Math.min(5, signalToNoise(level));
      expect(lossWeight(config(prediction), level) / (capped * errors.x0 ** 2)).toBeCloseTo(1, 3);
      expect(lossWeight(config(prediction, "velocity"), level) / errors.v ** 2).toBeCloseTo(1, 3);
    }
  });
});
