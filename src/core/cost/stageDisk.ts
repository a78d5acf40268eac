/** What a run's folder grows to. */
import type { Experiment } from "../experiment/schema.ts";
import type { Stage } from "../random/streams.ts";
import { eventsLeft } from "./stageEvents.ts";
import { CHECKPOINT_BYTES } from "./stageTimes.ts";

/** Bytes by what they are for, when they are most. */
export interface DiskForecast {
  /** those that are there at once, with the one being written before an old one goes */
  readonly checkpoints: number;
  /** sample grids, if their images can be packed no better than noise */
  readonly sampleGrids: number;
  /** samples that evaluations keep */
  readonly evaluations: number;
  /** lines of metrics and of the log, and the other documents */
  readonly records: number;
  readonly total: number;
}

/** A line of metrics.jsonl, and of log.txt. */
const METRICS_LINE_BYTES = 360;
const LOG_LINE_BYTES = 70;
/** run.json, status.json, the experiment's text, the list of images, and log.txt as the run begins. */
const DOCUMENT_BYTES = 8192;

export function stageDisk(experiment: Experiment, stage: Stage, parameters: number): DiskForecast {
  const { steps, log_every, evaluate_samples } = experiment[stage];
  const { data, sample } = experiment;
  const events = eventsLeft(experiment, stage, 0);
  const checkpoints = CHECKPOINT_BYTES * parameters * checkpointsAtOnce(experiment[stage]);
  const imageBytes = data.image_size ** 2 * data.channels;
  const sampleGrids = events.sampleGrids * sample.count * imageBytes;
  const evaluations = events.evaluations * evaluate_samples * imageBytes;
  const records =
    Math.ceil(steps / log_every) * METRICS_LINE_BYTES + events.checkpoints * LOG_LINE_BYTES + DOCUMENT_BYTES;
  const total = checkpoints + sampleGrids + evaluations + records;
  return { checkpoints, sampleGrids, evaluations, records, total };
}

type CheckpointKeys = Pick<Experiment["pretrain"], "steps" | "checkpoint_every" | "keep_checkpoints" | "keep_every">;

/** Checkpoints in the folder when they are most: at the end, and one more where one has to go then. */
function checkpointsAtOnce({
  steps,
  checkpoint_every: every,
  keep_checkpoints: newest,
  keep_every,
}: CheckpointKeys): number {
  const written = Math.ceil(steps / every);
  if (written <= newest) return written;
  // Saved at every common multiple, and at the end; the newest are kept anyway.
  const beforeNewest = (written - newest) * every;
  const forGood = keep_every === null ? 0 : Math.floor(beforeNewest / leastCommonMultiple(every, keep_every));
  return Math.min(written, newest + forGood + 1);
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a / divisor(a, b)) * b;
}
