/** The scalars of an update as a device takes them: everything that can be worked out beforehand is. */
import type { AdamWScalars } from "../optimizer/kernels.ts";

/**
 * m = beta1 m + gradientWeight g; v = beta2 v + squareWeight g²; p = decay p - stepSize m / (rootCorrection sqrt(v) + epsilon);
 * ema = p + emaDecay (ema - p): the formulas of optimizer/kernels.ts with the factor of clipping in the two weights.
 */
export interface UpdateScalars {
  readonly decay: number;
  readonly beta1: number;
  readonly gradientWeight: number;
  readonly beta2: number;
  readonly squareWeight: number;
  readonly stepSize: number;
  readonly rootCorrection: number;
  readonly epsilon: number;
  readonly emaDecay: number;
}

export function updateScalars(s: AdamWScalars): UpdateScalars {
  return {
    decay: 1 - s.lr * s.weightDecay,
    beta1: s.beta1,
    gradientWeight: (1 - s.beta1) * s.gradientScale,
    beta2: s.beta2,
    squareWeight: (1 - s.beta2) * s.gradientScale ** 2,
    stepSize: s.lr / (1 - s.beta1 ** s.update),
    rootCorrection: 1 / Math.sqrt(1 - s.beta2 ** s.update),
    epsilon: s.epsilon,
    emaDecay: s.emaDecay,
  };
}
