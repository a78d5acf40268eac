/** The tensors of the DiT: names, shapes and first values of the published code (Peebles & Xie 2022, facebookresearch/DiT). */
import type { Constant } from "../backbone.ts";
import { attentionParameters } from "../blocks/attention.ts";
import { patchParameters } from "../blocks/embedding.ts";
import { mlpParameters } from "../blocks/mlp.ts";
import { plainNormConstants } from "../blocks/norm.ts";
import { ParameterList } from "../blocks/parameterList.ts";
import { gridPositions } from "../gridPositions.ts";
import type { Init, ParameterSpec } from "../parameterSpec.ts";
import { elementsPerToken, type ModelShape, tokenCount, tokenGrid } from "../shape.ts";

/** Numbers of the sinusoidal embedding that the timestep's MLP begins with. */
export const FREQUENCIES = 256;
/** Of the embeddings of timestep and class. */
const EMBEDDING: Init = { normal: 0.02 };

/** Xavier's uniform law, with which the published code begins (Glorot & Bengio 2010). */
const xavier = (out: number, inner: number): Init => ({ uniform: Math.sqrt(6 / (inner + out)) });

export function ditParameters(shape: ModelShape): ParameterSpec[] {
  const { embedDim: D, depth, numClasses } = shape;
  const elements = elementsPerToken(shape);
  const list = new ParameterList(xavier);
  patchParameters(list, shape, "x_embedder.proj", { weight: xavier(D, elements), bias: "zeros" });
  list.linear("t_embedder.mlp.0", D, FREQUENCIES, EMBEDDING);
  list.linear("t_embedder.mlp.2", D, D, EMBEDDING);
  // The last row stands for no class.
  if (numClasses > 0) list.weight("y_embedder.embedding_table", numClasses + 1, D, EMBEDDING);
  for (let i = 0; i < depth; i++) {
    attentionParameters(list, shape, `blocks.${i}.attn`, "all");
    mlpParameters(list, shape, `blocks.${i}.mlp`);
    // Zero: every block begins as the identity.
    list.linear(`blocks.${i}.adaLN_modulation.1`, 6 * D, D, "zeros");
  }
  list.linear("final_layer.linear", elements, D, "zeros");
  list.linear("final_layer.adaLN_modulation.1", 2 * D, D, "zeros");
  return list.specs;
}

export const POSITIONS = "pos_embed";

export function ditConstants(shape: ModelShape): Constant[] {
  const { embedDim: D } = shape;
  const positions: Constant = {
    name: POSITIONS,
    shape: [1, tokenCount(shape), D],
    values: () => gridPositions(tokenGrid(shape), D),
    inCheckpoints: true,
  };
  return [positions, ...plainNormConstants(shape)];
}
