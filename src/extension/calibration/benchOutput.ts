/** What is asked of `maskdm bench` to measure a machine in seconds, and what its output says. */
import * as z from "zod";
import { imageCost } from "../../core/cost/imageCost.ts";
import { type SpeedPoint, speedPoint } from "../../core/cost/speed.ts";
import { stageFacts } from "../../core/cost/stageFacts.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { modelShape } from "../../core/model/shape.ts";

/** One run of `maskdm bench`. */
export interface BenchRequest {
  readonly maskRate: number;
  readonly batchSize: number;
}

/** Operations of a measured step: a fraction of a second on anything that trains. */
const STEP_FLOPS = 10e9;
export const MEASURED_STEPS = 3;

/**
 * The file's masks, and none: with its batch size where a step of it is short, with fewer images where it is not.
 * @throws UserError where the mask does not fit the grid
 */
export function benchRequests(experiment: Experiment): BenchRequest[] {
  const facts = stageFacts(experiment, "pretrain", null);
  if (facts === null) {
    throw new UserError("The file's mask does not fit its grid of patches. Correct the errors that are shown first.");
  }
  const shape = modelShape(experiment);
  const request = (maskRate: number, visibleTokens: number): BenchRequest => ({
    maskRate,
    batchSize: Math.min(
      facts.batchSize,
      Math.max(1, Math.round(STEP_FLOPS / imageCost(shape, visibleTokens).trainingFlops)),
    ),
  });
  // A rate of 0 is measured as no mask; a crop of a given size by the rate that it comes to.
  const masked = facts.pieces
    .filter(({ config, geometry }) => geometry.visibleTokens < geometry.tokens && config.rate > 0)
    .map(({ config, geometry }) =>
      request(config.strategy === "crop" ? geometry.effectiveRate : config.rate, geometry.visibleTokens),
    );
  const rates = new Map(masked.map((one) => [one.maskRate, one]));
  return [...rates.values(), request(0, facts.pieces[0]!.geometry.tokens)];
}

/** Arguments of the trainer. */
export function benchArguments(file: string, { maskRate, batchSize }: BenchRequest): string[] {
  return [
    ...["bench", file, "--json", "--steps", String(MEASURED_STEPS)],
    ...["--mask-rates", String(maskRate), "--batch-sizes", String(batchSize)],
    ...["--set", "pretrain.micro_batch_size=auto"],
  ];
}

const outputSchema = z.object({
  rows: z
    .array(
      z.object({
        backend: z.string(),
        visibleTokens: z.number().positive(),
        microBatchSize: z.number().positive(),
        imagesPerSecond: z.number().positive(),
      }),
    )
    .length(1),
});

/** @param stdout of a run with these arguments */
export function readBenchOutput(stdout: string, experiment: Experiment): { backend: string; point: SpeedPoint } {
  const row = outputSchema.parse(JSON.parse(stdout)).rows[0]!;
  return { backend: row.backend, point: speedPoint(experiment, row) };
}
