/** Times the steps of an experiment's stages, each mask of them, so that their time can be forecast. */
import { type SpeedMeasurement, type SpeedPoint, speedKey, speedPoint } from "../../core/cost/speed.ts";
import { type PieceFacts, stageFacts } from "../../core/cost/stageFacts.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { plural } from "../../core/numbers.ts";
import type { Stage } from "../../core/random/streams.ts";
import { usableMemory } from "../../node/machine.ts";
import { machineName } from "../../node/speedFile.ts";
import { timePiece } from "./timePiece.ts";

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
      const sizes = { batch_size: batchSize, micro_batch_size: microBatchSize };
      const timed = await timePiece(
        { ...experiment, [stage]: { ...experiment[stage], ...sizes } },
        stage,
        piece.config,
      );
      backend = timed.backend;
      const flopsPerStep = (piece.flopsPerStep / facts.batchSize) * batchSize;
      const measured = { secondsPerStep: timed.secondsPerStep, measuredAt: new Date().toISOString() };
      points.set(key, speedPoint(experiment, facts, { ...piece, flopsPerStep }, measured));
    }
  }
  return { key: speedKey(machineName(), experiment), backend, points: [...points.values()] };
}

function timedBatch({ microBatchSize, flopsPerStep }: PieceFacts, batchSize: number): number {
  const passes = Math.max(1, Math.floor(MOST_FLOPS / ((flopsPerStep / batchSize) * microBatchSize)));
  return Math.min(batchSize, passes * microBatchSize);
}
