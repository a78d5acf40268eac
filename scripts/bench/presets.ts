import type { Network } from "./protocol.ts";

export interface Preset {
  readonly name: string;
  readonly network: Network;
  /** batch size at a mask rate, unless asked for otherwise; whole images at S take more memory than the batch is worth */
  readonly batchSize: (maskRate: number) => number;
}

export const PRESETS: readonly Preset[] = [
  {
    name: "tiny",
    network: { image_size: 32, channels: 3, patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 },
    batchSize: () => 32,
  },
  {
    // MaskDM-S at 64 px (method section 5)
    name: "S",
    network: { image_size: 64, channels: 3, patch_size: 4, embed_dim: 512, depth: 13, num_heads: 8 },
    batchSize: (maskRate) => (maskRate < 0.5 ? 4 : 32),
  },
];
