/** The learned tensors of the U-ViT: names, shapes and initial values (method section 5). */
import type { Constant } from "../backbone.ts";
import { attentionParameters, type QkvBias } from "../blocks/attention.ts";
import { patchParameters } from "../blocks/embedding.ts";
import { mlpParameters } from "../blocks/mlp.ts";
import { normParameters } from "../blocks/norm.ts";
import { ParameterList } from "../blocks/parameterList.ts";
import { sizeOf } from "../graph/graph.ts";
import { gridPositions } from "../gridPositions.ts";
import type { Init, ParameterSpec } from "../parameterSpec.ts";
import { elementsPerToken, type ModelShape, tokenCount, tokenGrid } from "../shape.ts";

/** The authors' truncation at ±2 lies a hundred deviations out, so the normal is drawn as it is. */
const WEIGHT: Init = { normal: 0.02 };

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

export const qkvBiasOf = ({ qkvBias }: ModelShape): QkvBias => (qkvBias ? "queries and values" : "none");

/** Positions of all tokens, learned or not, under the name that published checkpoints have. */
export const POSITIONS = "encoder.encoder_pos_embed";

const positionsShape = (shape: ModelShape) => [1, extraTokens(shape) + tokenCount(shape), shape.embedDim];

/** Positions that are not learned: zeros for tokens that are no patches, which have no place in the grid. */
export function uvitConstants(shape: ModelShape): Constant[] {
  if (shape.positions === "learned") return [];
  const { embedDim: D } = shape;
  const values = () => {
    const out = new Float32Array(sizeOf(positionsShape(shape)));
    out.set(gridPositions(tokenGrid(shape), D), extraTokens(shape) * D);
    return out;
  };
  return [{ name: POSITIONS, shape: positionsShape(shape), values, inCheckpoints: true }];
}

/** All learned tensors in the order of the checkpoint. */
export function uvitParameters(shape: ModelShape): ParameterSpec[] {
  const { embedDim: D } = shape;
  const list = new ParameterList(() => WEIGHT);
  // PyTorch's own law for a convolution (He et al. 2015 with a = sqrt(5)), which the authors' code leaves here.
  const patch: Init = { uniform: 1 / Math.sqrt(elementsPerToken(shape)) };
  patchParameters(list, shape, "encoder.patch_embed.proj", { weight: patch, bias: patch });
  if (shape.positions === "learned") list.add(POSITIONS, positionsShape(shape), WEIGHT);
  if (shape.numClasses > 0) {
    // PyTorch's own for an embedding.
    list.weight("encoder.label_emb", shape.numClasses, D, { normal: 1 });
    list.add("encoder.uncond_embed", [1, D], WEIGHT);
  }
  if (shape.timeMlp) {
    list.linear("encoder.time_embed.0", 4 * D, D);
    list.linear("encoder.time_embed.2", D, 4 * D);
  }
  const { inBlocks, midBlock, outBlocks } = blockNames(shape.depth);
  for (const name of [...inBlocks, midBlock, ...outBlocks]) {
    if (outBlocks.includes(name)) list.linear(`${name}.skip_linear`, D, 2 * D);
    normParameters(list, shape, `${name}.norm1`);
    attentionParameters(list, shape, `${name}.attn`, qkvBiasOf(shape));
    normParameters(list, shape, `${name}.norm2`);
    mlpParameters(list, shape, `${name}.mlp`);
  }
  normParameters(list, shape, "encoder.norm");
  list.linear("encoder_to_output", elementsPerToken(shape), D);
  return list.specs;
}
