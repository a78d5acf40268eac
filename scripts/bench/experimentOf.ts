import { type Experiment, experimentSchema } from "../../src/core/experiment/schema.ts";
import type { Network } from "./protocol.ts";

/** What of an experiment the benchmark sets besides the network. */
export interface Sizes {
  /** strategy patch; 0: whole images */
  readonly maskRate?: number;
  readonly batchSize?: number;
  readonly microBatch?: number;
  readonly sample?: Partial<Experiment["sample"]>;
  readonly threads?: number;
  readonly seed?: number;
}

/** An experiment with a network and the noise schedule that the benchmark's PyTorch has. */
export function experimentOf(config: Network, sizes: Sizes = {}): Experiment {
  const { image_size, channels, ...model } = config;
  const { maskRate = 0, batchSize = 1, microBatch = batchSize, sample = {}, threads = 1, seed = 0 } = sizes;
  return experimentSchema.parse({
    data: { path: ".", image_size, channels },
    model,
    mask: maskRate > 0 ? { strategy: "patch", rate: maskRate } : { strategy: "none" },
    diffusion: { schedule: "linear" },
    pretrain: { batch_size: batchSize, micro_batch_size: microBatch },
    sample,
    engine: { threads },
    seed,
  });
}
