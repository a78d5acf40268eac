/** Notices a network that has lost what it knew. */
import type { TrainingBatch } from "../batch/assemble.ts";

/** Steps looked back at. */
export const GUARD_STEPS = 20;
/** So many of them above the limit: nothing comes back. */
const DIVERGED_STEPS = 15;
/** Limit of a step's loss, in losses of a network that predicts nothing. */
export const GUARD_LIMIT = 3;

/** Weighted loss, mean over the batch, of a network whose output is 0 everywhere: a new one's, nearly. */
export function lossOfNothing({ batchSize, target, weight }: TrainingBatch): number {
  const per = target.length / batchSize;
  let sum = 0;
  for (let b = 0; b < batchSize; b++) {
    let squares = 0;
    for (let i = b * per; i < (b + 1) * per; i++) squares += target[i]! * target[i]!;
    sum += weight[b]! * squares;
  }
  return sum / target.length;
}

/**
 * Compares losses with those of predicting nothing, whatever the prediction and the weights. A limit on the loss itself would not
 * do: AdamW and LayerNorm bound how far weights and output can go, so that a loss seldom grows without end.
 */
export class DivergenceGuard {
  /** whether each of the last steps was above the limit, newest last */
  private readonly high: boolean[] = [];

  /** @param losses weighted loss of each image of a step */
  add(losses: Float32Array, nothing: number): void {
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    this.high.push(mean > GUARD_LIMIT * nothing);
    if (this.high.length > GUARD_STEPS) this.high.shift();
  }

  /** No step above the limit lately. */
  get isCalm(): boolean {
    return !this.high.includes(true);
  }

  get hasDiverged(): boolean {
    return this.high.filter(Boolean).length >= DIVERGED_STEPS;
  }
}
