import type { Network } from "./protocol.ts";

export interface Preset {
  readonly name: string;
  readonly network: Network;
  readonly maskRates: readonly number[];
  readonly batchSizes: readonly number[];
}

const RATES = [0, 0.5, 0.75, 0.9];
const BATCHES = [8, 32, 128];

/** What is measured unless other rates and batches are asked for. */
export const PRESETS: readonly Preset[] = [
  {
    name: "tiny",
    network: { image_size: 32, channels: 3, patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 },
    maskRates: RATES,
    batchSizes: BATCHES,
  },
  {
    // MaskDM-S at 64 px (method section 5)
    name: "S",
    network: { image_size: 64, channels: 3, patch_size: 4, embed_dim: 512, depth: 13, num_heads: 8 },
    maskRates: RATES,
    batchSizes: BATCHES,
  },
  {
    // MaskDM-B at 256 px; a step takes long enough that more images would only repeat it
    name: "B",
    network: { image_size: 256, channels: 3, patch_size: 4, embed_dim: 768, depth: 12, num_heads: 12 },
    maskRates: [0.9],
    batchSizes: [8],
  },
];
