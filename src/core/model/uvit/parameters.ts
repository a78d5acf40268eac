/** The learned tensors of the U-ViT: names, shapes and initial values (method section 5). */
import type { Init, ParameterSpec } from "../parameterSpec.ts";
import { elementsPerToken, type ModelShape, mlpWidth, tokenCount } from "../shape.ts";

/** The authors' truncation at ±2 lies a hundred deviations out, so the normal is drawn as it is. */
const DEVIATION = 0.02;

/** E: time, and label when class-conditional. */
export function extraTokens({ numClasses }: ModelShape): number {
  return numClasses > 0 ? 2 : 1;
}

/** Blocks that a depth builds: as many in as out, and one in the middle. */
export function blockCount(depth: number): number {
  return 2 * Math.floor(depth / 2) + 1;
}

/** Names of the blocks in order of execution. */
export function blockNames(depth: number): { inBlocks: string[]; midBlock: string; outBlocks: string[] } {
  const half = Math.floor(depth / 2);
  const names = (group: string) => Array.from({ length: half }, (_, i) => `encoder.${group}.${i}`);
  return { inBlocks: names("in_blocks"), midBlock: "encoder.mid_block", outBlocks: names("out_blocks") };
}

/** All learned tensors in the order of the checkpoint. */
export function uvitParameters(shape: ModelShape): ParameterSpec[] {
  const { embedDim: D, patchSize: p, channels: C } = shape;
  const hidden = mlpWidth(shape);
  const elements = elementsPerToken(shape);
  const specs: ParameterSpec[] = [];
  const weight = (name: string, ...dims: number[]) => specs.push({ name, shape: dims, init: { normal: DEVIATION } });
  // PyTorch's own law for a convolution (He et al. 2015 with a = sqrt(5)), which the authors' code leaves here.
  const patchInit: Init = { uniform: 1 / Math.sqrt(elements) };
  const zeros = (name: string, ...dims: number[]) => specs.push({ name, shape: dims, init: "zeros" });
  const linear = (name: string, out: number, inner: number) => {
    weight(`${name}.weight`, out, inner);
    zeros(`${name}.bias`, out);
  };
  const norm = (name: string) => {
    specs.push({ name: `${name}.weight`, shape: [D], init: "ones" });
    zeros(`${name}.bias`, D);
  };

  specs.push({ name: "encoder.patch_embed.proj.weight", shape: [D, C, p, p], init: patchInit });
  specs.push({ name: "encoder.patch_embed.proj.bias", shape: [D], init: patchInit });
  weight("encoder.encoder_pos_embed", 1, extraTokens(shape) + tokenCount(shape), D);
  if (shape.numClasses > 0) {
    // PyTorch's own for an embedding.
    specs.push({ name: "encoder.label_emb.weight", shape: [shape.numClasses, D], init: { normal: 1 } });
    weight("encoder.uncond_embed", 1, D);
  }
  if (shape.timeMlp) {
    linear("encoder.time_embed.0", 4 * D, D);
    linear("encoder.time_embed.2", D, 4 * D);
  }
  const { inBlocks, midBlock, outBlocks } = blockNames(shape.depth);
  for (const name of [...inBlocks, midBlock, ...outBlocks]) {
    if (outBlocks.includes(name)) linear(`${name}.skip_linear`, D, 2 * D);
    norm(`${name}.norm1`);
    weight(`${name}.attn.qkv.weight`, 3 * D, D);
    if (shape.qkvBias) {
      zeros(`${name}.attn.q_bias`, D);
      zeros(`${name}.attn.v_bias`, D);
    }
    linear(`${name}.attn.proj`, D, D);
    norm(`${name}.norm2`);
    linear(`${name}.mlp.fc1`, hidden, D);
    linear(`${name}.mlp.fc2`, D, hidden);
  }
  norm("encoder.norm");
  linear("encoder_to_output", elements, D);
  return specs;
}
