/** The U-ViT backbone (method section 5), written once over the graph operations. */
import type { Backbone, NetworkInputs, Tensors } from "../backbone.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Tensor } from "../graph/graph.ts";
import {
  add,
  concat,
  erfGate,
  gatherRows,
  layerNorm,
  linear,
  reshape,
  scale,
  selfAttention,
  silu,
  split,
} from "../graph/operations.ts";
import { elementsPerToken, type ModelShape, tokenCount } from "../shape.ts";
import { throughBlocks } from "../sparse.ts";
import { blockCount, blockNames, extraTokens, uvitParameters } from "./parameters.ts";

const NORM_EPSILON = 1e-5;

function output(g: GraphBuilder, shape: ModelShape, get: Tensors, inputs: NetworkInputs, batchSize: number): Tensor {
  const { embedDim: D } = shape;
  const dense = (x: Tensor, name: string, factors = {}) =>
    linear(g, x, get(`${name}.weight`), get(`${name}.bias`), factors);
  const norm = (x: Tensor, name: string) => layerNorm(g, x, get(`${name}.weight`), get(`${name}.bias`), NORM_EPSILON);

  const elements = elementsPerToken(shape);
  const E = extraTokens(shape);
  const F = inputs.tokens.shape[0]! / batchSize;
  const n = E + F;
  const rows = batchSize * n;

  const timeToken = shape.timeMlp
    ? dense(silu(g, dense(inputs.timeEmbedding, "encoder.time_embed.0")), "encoder.time_embed.2")
    : inputs.timeEmbedding;
  const extra = [reshape(g, timeToken, [batchSize, 1, D])];
  if (inputs.labels) {
    const table = concat(g, [get("encoder.label_emb.weight"), get("encoder.uncond_embed")], 0);
    extra.unshift(reshape(g, gatherRows(g, table, inputs.labels), [batchSize, 1, D]));
  }
  const patchWeight = reshape(g, get("encoder.patch_embed.proj.weight"), [D, elements]);
  const patches = linear(g, inputs.tokens, patchWeight, get("encoder.patch_embed.proj.bias"));
  const tokens = concat(g, [...extra, reshape(g, patches, [batchSize, F, D])], 1);

  // The position embedding belongs to a token's place in the full grid; hidden tokens are absent.
  const positionTable = get("encoder.encoder_pos_embed");
  let x: Tensor;
  if (inputs.positions) {
    const table = reshape(g, positionTable, [E + tokenCount(shape), D]);
    x = add(g, reshape(g, tokens, [rows, D]), gatherRows(g, table, inputs.positions));
  } else {
    x = reshape(g, add(g, tokens, positionTable), [rows, D]);
  }

  const block = (x: Tensor, name: string): Tensor => {
    const attended = dense(attend(norm(x, `${name}.norm1`), name), `${name}.attn.proj`);
    const middle = add(g, x, attended);
    // gelu(fc1) with the factors 1/sqrt(2) of erfGate folded into the two products
    const [fc1, fc2] = [`${name}.mlp.fc1`, `${name}.mlp.fc2`];
    const half = Math.SQRT1_2;
    const hidden = erfGate(g, dense(norm(middle, `${name}.norm2`), fc1, { product: half, bias: half }));
    const out = dense(hidden, fc2, { product: half });
    return add(g, middle, out);
  };

  const attend = (x: Tensor, name: string): Tensor => {
    let bias: Tensor | null = null;
    if (shape.qkvBias) {
      const query = get(`${name}.attn.q_bias`);
      bias = concat(g, [query, scale(g, query, 0), get(`${name}.attn.v_bias`)], 0);
    }
    return selfAttention(g, linear(g, x, get(`${name}.attn.qkv.weight`), bias), batchSize, shape.numHeads);
  };

  const { inBlocks, midBlock, outBlocks } = blockNames(shape.depth);
  const skips: Tensor[] = [];
  const inBlock = (name: string) => (x: Tensor) => {
    skips.push(block(x, name));
    return skips.at(-1)!;
  };
  const outBlock = (name: string) => (x: Tensor) =>
    block(dense(concat(g, [x, skips.pop()!], 1), `${name}.skip_linear`), name);
  x = throughBlocks(g, shape, get, inputs.visible, x, [
    ...inBlocks.map(inBlock),
    (x) => block(x, midBlock),
    ...outBlocks.map(outBlock),
  ]);

  const [, patchTokens] = split(g, reshape(g, x, [batchSize, n, D]), 1, [E, F]);
  return dense(norm(reshape(g, patchTokens!, [batchSize * F, D]), "encoder.norm"), "encoder_to_output");
}

export const uvit: Backbone = {
  summary: "the method's U-ViT, with long skips from the first blocks to the last",
  unusedKeys: [],
  widthUnit: { multiple: 2, why: "half of the time embedding is cosines and half sines" },
  blocks: blockCount,
  parameters: uvitParameters,
  constants: () => [],
  extraTokens,
  timeEmbeddingWidth: ({ embedDim }) => embedDim,
  output,
};
