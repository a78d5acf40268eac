import { stageFacts } from "../cost/stageFacts.ts";
import { CHECKPOINT_BYTES } from "../cost/stageTimes.ts";
import type { PlannedRun } from "./plan.ts";

/** Metrics, samples and all else. */
const REST_BYTES = 16 * 2 ** 20;

/** Bytes that have to be free for a training to begin: a checkpoint is written before the one in whose place it comes is removed. */
export const diskNeeded = ({ experiment, stage }: Pick<PlannedRun, "experiment" | "stage">): number =>
  2 * CHECKPOINT_BYTES * (stageFacts(experiment, stage, null)?.parameters ?? 0) + REST_BYTES;
