/** Times the steps of an experiment's stages, each mask of them, so that their time can be forecast. */
import { type SpeedMeasurement, type SpeedPoint, speedKey, speedPoint } from "../../core/cost/speed.ts";
import { type PieceFacts, stageFacts } from "../../core/cost/stageFacts.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { plural } from "../../core/numbers.ts";
import type { Stage } from "../../core/random/streams.ts";
import { usableMemory } from "../../node/machine.ts";
import { machineName } from "../../node/speedFile.ts";
import { StepBench } from "./stepBench.ts";

const WARM_UP_STEPS = 3;
/** Steps that are timed: fewer where they would take longer than MOST_SECONDS, more where they are over in LEAST_SECONDS. */
const TIMED_STEPS = 50;
const LEAST_TIMED_STEPS = 3;
const LEAST_SECONDS = 2;
const MOST_SECONDS = 15;
/** Of a step that is timed; a longer one is timed with fewer of its micro-batches, which all take as long. */
const MOST_FLOPS = 300e9;

/**
 * @param tell what is measured now
 * @throws UserError where the backend is not to be had
 */
export async function measureStages(
  experiment: Experiment,
  stages: readonly Stage[],
  tell: (line: string) => void,
): Promise<SpeedMeasurement> {
  let backend = "";
  const points = new Map<string, SpeedPoint>();
  for (const stage of stages) {
    const facts = stageFacts(experiment, stage, usableMemory())!;
    for (const piece of facts.pieces) {
      const { microBatchSize, geometry } = piece;
      const key = `${geometry.visibleTokens} of ${microBatchSize}`;
      if (points.has(key)) continue;
      const batchSize = timedBatch(piece, facts.batchSize);
      const tokens = `${geometry.visibleTokens} of ${plural(geometry.tokens, "token")}`;
      tell(`measuring steps of ${plural(batchSize, "image")}, ${tokens} visible …`);
      const bench = await StepBench.start(alone(experiment, stage, piece, batchSize));
      try {
        backend = bench.facts.backend;
        const measured = { secondsPerStep: await secondsPerStep(bench), measuredAt: new Date().toISOString() };
        const flopsPerStep = (piece.flopsPerStep / facts.batchSize) * batchSize;
        points.set(key, speedPoint(experiment, facts, { ...piece, flopsPerStep }, measured));
      } finally {
        await bench.close();
      }
    }
  }
  return { key: speedKey(machineName(), experiment), backend, points: [...points.values()] };
}

function timedBatch({ microBatchSize, flopsPerStep }: PieceFacts, batchSize: number): number {
  const passes = Math.max(1, Math.floor(MOST_FLOPS / ((flopsPerStep / batchSize) * microBatchSize)));
  return Math.min(batchSize, passes * microBatchSize);
}

/** The experiment with a piece's mask, and its stage's steps, for all of pretraining. */
function alone(experiment: Experiment, stage: Stage, piece: PieceFacts, batchSize: number): Experiment {
  const { strategy, rate, blockSize, cellSize, cropSize } = piece.config;
  const sizes = { block_size: blockSize, cell_size: cellSize, crop_size: cropSize };
  const steps = { batch_size: batchSize, micro_batch_size: piece.microBatchSize };
  return {
    ...experiment,
    mask: { ...experiment.mask, strategy, rate, ...sizes },
    pretrain: { ...experiment[stage], ...steps },
  };
}

async function secondsPerStep(bench: StepBench): Promise<number> {
  const warm = mean(await bench.run(WARM_UP_STEPS));
  const most = Math.max(LEAST_TIMED_STEPS, Math.floor(MOST_SECONDS / warm));
  return mean(await bench.run(Math.min(most, Math.max(TIMED_STEPS, Math.ceil(LEAST_SECONDS / warm)))));
}

const mean = (steps: readonly { readonly seconds: number }[]): number =>
  steps.reduce((sum, { seconds }) => sum + seconds, 0) / steps.length;
