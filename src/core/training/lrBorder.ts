/** What the learning rate does where a run goes on with other settings. */
import { type LearningRateConfig, learningRate } from "./schedules.ts";

export interface LrBorder {
  /** rate of the last step done */
  readonly before: number;
  /** rate that the next step had under the former settings; of the last one, where none was planned */
  readonly planned: number;
  /** rate of the next step */
  readonly after: number;
}

/**
 * @param step steps done
 * @returns null where there is no border: at the beginning, or with no step to come
 */
export function lrBorder(former: LearningRateConfig, now: LearningRateConfig, step: number): LrBorder | null {
  if (step === 0 || step >= now.steps) return null;
  const before = learningRate(former, step - 1);
  const planned = step < former.steps ? learningRate(former, step) : before;
  return { before, planned, after: learningRate(now, step) };
}

/** From this factor on a rise is more than what a schedule brings by itself. */
const JUMP = 2;

/** Whether the rate jumps up. */
export const jumpsUp = ({ before, planned, after }: LrBorder): boolean => after >= JUMP * Math.max(before, planned);
