/** One row of a benchmark. Each is measured in a process of its own, so that its peak memory is its own, too. */
import { spawn } from "node:child_process";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import { StepBench } from "./stepBench.ts";

export const benchRowSchema = z.object({
  backend: z.string(),
  maskRate: z.number(),
  batchSize: z.number(),
  /** S */
  visibleTokens: z.number(),
  microBatchSize: z.number(),
  imagesPerSecond: z.number(),
  stepsPerSecond: z.number(),
  /** matrix products only, forward and backward */
  gflops: z.number(),
  peakMemoryBytes: z.number(),
});
export type BenchRow = z.output<typeof benchRowSchema>;

export interface BenchRowRequest {
  /** YAML of the experiment, overrides written in */
  readonly text: string;
  readonly maskRate: number;
  readonly steps: number;
}

const WARM_UP_STEPS = 3;

/** Measures in this process. The median step counts. */
export async function measureRow({ text, maskRate, steps }: BenchRowRequest): Promise<BenchRow> {
  const parsed = parseExperiment(text);
  if (!parsed.ok) throw new UserError(parsed.diagnostics.map(({ message }) => message).join("\n"));
  const { batch_size: batchSize } = parsed.experiment.pretrain;
  const bench = await StepBench.start(parsed.experiment);
  try {
    await bench.run(WARM_UP_STEPS);
    const seconds = (await bench.run(steps)).map((step) => step.seconds).sort((a, b) => a - b);
    const median = (seconds[(seconds.length - 1) >> 1]! + seconds[seconds.length >> 1]!) / 2;
    return {
      backend: bench.facts.backend,
      maskRate,
      batchSize,
      visibleTokens: bench.visibleTokens,
      microBatchSize: bench.facts.microBatchSizes[0]!,
      imagesPerSecond: batchSize / median,
      stepsPerSecond: 1 / median,
      gflops: bench.stepFlops / median / 1e9,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    await bench.close();
  }
}

/** Measures in a process of its own: this program again, with the hidden command bench-row. */
export function measureRowApart(request: BenchRowRequest): Promise<BenchRow> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [process.argv[1]!, "bench-row"], { stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) {
        resolve(benchRowSchema.parse(JSON.parse(out)));
        return;
      }
      const why = signal ? `it was ended by ${signal}, perhaps for lack of memory` : err.trim().replace(/^error: /, "");
      reject(new UserError(`Mask rate ${request.maskRate} could not be measured: ${why}`, "failure"));
    });
    child.stdin.end(JSON.stringify(request));
  });
}
