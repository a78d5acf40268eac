/** The U-ViT backbone (method section 5), written once over the graph operations. */
import type { Backbone, NetworkInputs } from "../backbone.ts";
import { attention } from "../blocks/attention.ts";
import { addPositions, embedPatches } from "../blocks/embedding.ts";
import { mlp } from "../blocks/mlp.ts";
import { norm } from "../blocks/norm.ts";
import { dense, type Scope } from "../blocks/scope.ts";
import type { Tensor } from "../graph/graph.ts";
import { silu } from "../graph/layers.ts";
import { add, concat, gatherRows, reshape, split } from "../graph/operations.ts";
import { GRID_POSITIONS_UNIT } from "../gridPositions.ts";
import { throughBlocks } from "../sparse.ts";
import {
  blockCount,
  blockNames,
  extraTokens,
  POSITIONS,
  qkvBiasOf,
  uvitConstants,
  uvitParameters,
} from "./parameters.ts";

const NORM_EPSILON = 1e-5;

function output(scope: Scope, inputs: NetworkInputs): Tensor {
  const { g, shape, tensors, batchSize } = scope;
  const { embedDim: D } = shape;
  const E = extraTokens(shape);
  const F = inputs.tokens.shape[0]! / batchSize;
  const n = E + F;

  const timeToken = shape.timeMlp
    ? dense(scope, silu(g, dense(scope, inputs.timeEmbedding, "encoder.time_embed.0")), "encoder.time_embed.2")
    : inputs.timeEmbedding;
  const extra = [reshape(g, timeToken, [batchSize, 1, D])];
  if (inputs.labels) {
    const table = concat(g, [tensors("encoder.label_emb.weight"), tensors("encoder.uncond_embed")], 0);
    extra.unshift(reshape(g, gatherRows(g, table, inputs.labels), [batchSize, 1, D]));
  }
  const patches = embedPatches(scope, inputs.tokens, "encoder.patch_embed.proj");
  const tokens = concat(g, [...extra, reshape(g, patches, [batchSize, F, D])], 1);
  const x = addPositions(scope, tokens, tensors(POSITIONS), inputs.positions);

  const block = (x: Tensor, name: string): Tensor => {
    const before = norm(scope, x, `${name}.norm1`, NORM_EPSILON);
    const middle = add(g, x, attention(scope, before, `${name}.attn`, qkvBiasOf(shape)));
    return add(g, middle, mlp(scope, norm(scope, middle, `${name}.norm2`, NORM_EPSILON), `${name}.mlp`, "exact"));
  };

  const { inBlocks, midBlock, outBlocks } = blockNames(shape.depth);
  const skips: Tensor[] = [];
  const inBlock = (name: string) => (x: Tensor) => {
    skips.push(block(x, name));
    return skips.at(-1)!;
  };
  const outBlock = (name: string) => (x: Tensor) =>
    block(dense(scope, concat(g, [x, skips.pop()!], 1), `${name}.skip_linear`), name);
  const last = throughBlocks(scope, inputs.visible, x, [
    ...inBlocks.map(inBlock),
    (x) => block(x, midBlock),
    ...outBlocks.map(outBlock),
  ]);

  const [, patchTokens] = split(g, reshape(g, last, [batchSize, n, D]), 1, [E, F]);
  const normal = norm(scope, reshape(g, patchTokens!, [batchSize * F, D]), "encoder.norm", NORM_EPSILON);
  return dense(scope, normal, "encoder_to_output");
}

export const uvit: Backbone = {
  summary: "the method's U-ViT, with long skips from the first blocks to the last",
  unusedKeys: [],
  widthUnit: ({ positions }) =>
    positions === "sincos"
      ? GRID_POSITIONS_UNIT
      : { multiple: 2, why: "half of the time embedding is cosines and half sines" },
  blocks: blockCount,
  parameters: uvitParameters,
  constants: uvitConstants,
  extraTokens,
  timeEmbeddingWidth: ({ embedDim }) => embedDim,
  output,
};
