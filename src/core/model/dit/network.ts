/**
 * The DiT backbone (Peebles & Xie 2022, "Scalable Diffusion Models with Transformers"): blocks whose normalisations are scaled and
 * shifted, and whose results are gated, by timestep and class (adaLN-Zero). It predicts no variance, so its output has C channels.
 */
import type { Backbone, NetworkInputs, Tensors } from "../backbone.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Tensor } from "../graph/graph.ts";
import {
  add,
  gatherRows,
  layerNorm,
  linear,
  multiply,
  reshape,
  scale,
  selfAttention,
  shift,
  sigmoid,
  silu,
  split,
} from "../graph/operations.ts";
import { elementsPerToken, type ModelShape, tokenCount } from "../shape.ts";
import { throughBlocks } from "../sparse.ts";
import { ditConstants, ditParameters, FREQUENCIES, PLAIN_BIAS, PLAIN_GAIN, POSITIONS } from "./parameters.ts";

const NORM_EPSILON = 1e-6;

function output(g: GraphBuilder, shape: ModelShape, get: Tensors, inputs: NetworkInputs, batchSize: number): Tensor {
  const { embedDim: D } = shape;
  const rows = inputs.tokens.shape[0]!;
  const n = rows / batchSize;
  const dense = (x: Tensor, name: string) => linear(g, x, get(`${name}.weight`), get(`${name}.bias`));

  const patchWeight = reshape(g, get("x_embedder.proj.weight"), [D, elementsPerToken(shape)]);
  const patches = linear(g, inputs.tokens, patchWeight, get("x_embedder.proj.bias"));
  // Hidden patches are absent; the others keep the position of their place in the full grid.
  const positions = get(POSITIONS);
  const x = inputs.positions
    ? add(g, patches, gatherRows(g, reshape(g, positions, [tokenCount(shape), D]), inputs.positions))
    : reshape(g, add(g, reshape(g, patches, [batchSize, n, D]), positions), [rows, D]);

  const time = dense(silu(g, dense(inputs.timeEmbedding, "t_embedder.mlp.0")), "t_embedder.mlp.2");
  const condition = inputs.labels
    ? add(g, time, gatherRows(g, get("y_embedder.embedding_table.weight"), inputs.labels))
    : time;
  const activated = silu(g, condition);

  /** Equal parts of a layer's modulation, each [B, 1, D] to go with the tokens of its image. */
  const modulation = (name: string, parts: number): Tensor[] =>
    split(g, dense(activated, `${name}.adaLN_modulation.1`), 1, new Array<number>(parts).fill(D)).map((part) =>
      reshape(g, part, [batchSize, 1, D]),
    );
  const perImage = (x: Tensor) => reshape(g, x, [batchSize, x.shape[0]! / batchSize, D]);
  const perToken = (x: Tensor) => reshape(g, x, [batchSize * x.shape[1]!, D]);
  /** norm(x) · (1 + factor) + offset */
  const modulated = (x: Tensor, offset: Tensor, factor: Tensor): Tensor => {
    const norm = layerNorm(g, x, get(PLAIN_GAIN), get(PLAIN_BIAS), NORM_EPSILON);
    return perToken(add(g, multiply(g, perImage(norm), shift(g, factor, 1)), offset));
  };
  const gated = (x: Tensor, gate: Tensor): Tensor => perToken(multiply(g, perImage(x), gate));

  const block = (i: number) => (x: Tensor) => {
    const name = `blocks.${i}`;
    const [offset1, factor1, gate1, offset2, factor2, gate2] = modulation(name, 6) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const qkv = dense(modulated(x, offset1, factor1), `${name}.attn.qkv`);
    const attended = dense(selfAttention(g, qkv, batchSize, shape.numHeads), `${name}.attn.proj`);
    const middle = add(g, x, gated(attended, gate1));
    const hidden = tanhGelu(g, dense(modulated(middle, offset2, factor2), `${name}.mlp.fc1`));
    return add(g, middle, gated(dense(hidden, `${name}.mlp.fc2`), gate2));
  };
  const blocks = Array.from({ length: shape.depth }, (_, i) => block(i));
  const last = throughBlocks(g, shape, get, inputs.visible, x, blocks);
  const [offset, factor] = modulation("final_layer", 2) as [Tensor, Tensor];
  return dense(modulated(last, offset, factor), "final_layer.linear");
}

/**
 * GELU by its approximation with tanh, which the published network has: x/2 (1 + tanh(u)) with u = sqrt(2/π) (x + 0.044715 x³),
 * which is x sigmoid(2u) (Hendrycks & Gimpel 2016).
 */
function tanhGelu(g: GraphBuilder, x: Tensor): Tensor {
  const inner = shift(g, scale(g, multiply(g, x, x), 0.044715), 1);
  return multiply(g, x, sigmoid(g, scale(g, multiply(g, x, inner), 2 * Math.sqrt(2 / Math.PI))));
}

export const dit: Backbone = {
  summary:
    "the diffusion transformer of Peebles & Xie (2022): timestep and class steer the normalisations of every block (adaLN-Zero), positions are fixed; embed_dim, depth and num_heads of DiT-S 384, 12, 6, of DiT-B 768, 12, 12, of DiT-L 1024, 24, 16",
  unusedKeys: ["qkv_bias", "time_embedding"],
  widthUnit: { multiple: 4, why: "positions are sines and cosines of column and row" },
  blocks: (depth) => depth,
  parameters: ditParameters,
  constants: ditConstants,
  extraTokens: () => 0,
  timeEmbeddingWidth: () => FREQUENCIES,
  output,
};
