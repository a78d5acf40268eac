/**
 * The DiT backbone (Peebles & Xie 2022, "Scalable Diffusion Models with Transformers"): blocks whose normalisations are scaled and
 * shifted, and whose results are gated, by timestep and class (adaLN-Zero). It predicts no variance, so its output has C channels.
 */
import type { Backbone, NetworkInputs } from "../backbone.ts";
import { attention } from "../blocks/attention.ts";
import { addPositions, embedPatches } from "../blocks/embedding.ts";
import { mlp } from "../blocks/mlp.ts";
import { norm, PLAIN_NORM } from "../blocks/norm.ts";
import { dense, type Scope } from "../blocks/scope.ts";
import type { Tensor } from "../graph/graph.ts";
import { silu } from "../graph/layers.ts";
import { add, gatherRows, multiply, reshape, shift, split } from "../graph/operations.ts";
import { GRID_POSITIONS_UNIT } from "../gridPositions.ts";
import { throughBlocks } from "../sparse.ts";
import { ditConstants, ditParameters, FREQUENCIES, POSITIONS } from "./parameters.ts";

const NORM_EPSILON = 1e-6;

function output(scope: Scope, inputs: NetworkInputs): Tensor {
  const { g, shape, tensors, batchSize } = scope;
  const { embedDim: D } = shape;

  const patches = embedPatches(scope, inputs.tokens, "x_embedder.proj");
  const x = addPositions(scope, patches, tensors(POSITIONS), inputs.positions);

  const time = dense(scope, silu(g, dense(scope, inputs.timeEmbedding, "t_embedder.mlp.0")), "t_embedder.mlp.2");
  const condition = inputs.labels
    ? add(g, time, gatherRows(g, tensors("y_embedder.embedding_table.weight"), inputs.labels))
    : time;
  const activated = silu(g, condition);

  /** Equal parts of a layer's modulation, each [B, 1, D] to go with the tokens of its image. */
  const modulation = (name: string, parts: number): Tensor[] =>
    split(g, dense(scope, activated, `${name}.adaLN_modulation.1`), 1, new Array<number>(parts).fill(D)).map((part) =>
      reshape(g, part, [batchSize, 1, D]),
    );
  const perImage = (x: Tensor) => reshape(g, x, [batchSize, x.shape[0]! / batchSize, D]);
  const perToken = (x: Tensor) => reshape(g, x, [batchSize * x.shape[1]!, D]);
  /** norm(x) · (1 + factor) + offset */
  const modulated = (x: Tensor, offset: Tensor, factor: Tensor): Tensor => {
    const normal = norm(scope, x, PLAIN_NORM, NORM_EPSILON);
    return perToken(add(g, multiply(g, perImage(normal), shift(g, factor, 1)), offset));
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
    const middle = add(g, x, gated(attention(scope, modulated(x, offset1, factor1), `${name}.attn`, "all"), gate1));
    return add(g, middle, gated(mlp(scope, modulated(middle, offset2, factor2), `${name}.mlp`, "tanh"), gate2));
  };
  const blocks = Array.from({ length: shape.depth }, (_, i) => block(i));
  const last = throughBlocks(scope, inputs.visible, x, blocks);
  const [offset, factor] = modulation("final_layer", 2) as [Tensor, Tensor];
  return dense(scope, modulated(last, offset, factor), "final_layer.linear");
}

export const dit: Backbone = {
  summary:
    "the diffusion transformer of Peebles & Xie (2022): timestep and class steer the normalisations of every block (adaLN-Zero), positions are fixed; embed_dim, depth and num_heads of DiT-S 384, 12, 6, of DiT-B 768, 12, 12, of DiT-L 1024, 24, 16",
  unusedKeys: ["qkv_bias", "time_embedding", "positions"],
  widthUnit: () => GRID_POSITIONS_UNIT,
  blocks: (depth) => depth,
  parameters: ditParameters,
  constants: ditConstants,
  extraTokens: () => 0,
  timeEmbeddingWidth: () => FREQUENCIES,
  output,
};
