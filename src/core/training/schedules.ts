/** Learning rate and EMA decay as functions of the step alone, so that a resumed run goes on where it was. */

export interface LearningRateConfig {
  readonly lr: number;
  readonly lr_schedule: "constant" | "cosine";
  readonly warmup_steps: number;
  readonly steps: number;
}

/**
 * Learning rate of a step: linear warm-up lr (k+1)/warmup, then constant, or half a cosine down to 0 at the last step.
 * @param step counted from 0
 */
export function learningRate(config: LearningRateConfig, step: number): number {
  const { lr, warmup_steps: warmup, steps } = config;
  if (step < warmup) return (lr * (step + 1)) / warmup;
  if (config.lr_schedule === "constant") return lr;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return (lr * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** Updates during which the moving average just copies the weights. */
export const EMA_COPY_UPDATES = 100;

/**
 * Decay of the moving average at its u-th update (method section 6): a copy for the first 100 updates, then
 * 1 - (1+k)^(-2/3) with k counted from there, capped.
 * @param update counted from 1
 */
export function emaDecay(update: number, cap: number): number {
  const k = update - EMA_COPY_UPDATES - 1;
  return k <= 0 ? 0 : Math.min(cap, 1 - (1 + k) ** (-2 / 3));
}

const ADAM_EPSILON = 1e-8;

/** Keys of a stage that say how a step changes the weights. */
export interface StepConfig extends LearningRateConfig {
  readonly clip_grad: number | null;
  readonly weight_decay: number;
  readonly betas: readonly [number, number];
  readonly ema_decay: number;
}

/**
 * The optimiser's part of a step.
 * @param step counted from 0
 * @param wantGradNorm whether the gradient's norm is wanted even without clipping
 */
export function stepScalars(config: StepConfig, step: number, wantGradNorm: boolean) {
  const [beta1, beta2] = config.betas;
  return {
    clipGrad: config.clip_grad,
    wantGradNorm,
    lr: learningRate(config, step),
    weightDecay: config.weight_decay,
    beta1,
    beta2,
    epsilon: ADAM_EPSILON,
    update: step + 1,
    emaDecay: emaDecay(step + 1, config.ema_decay),
  };
}
