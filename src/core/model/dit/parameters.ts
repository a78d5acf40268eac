/** The tensors of the DiT: names, shapes and first values of the published code (Peebles & Xie 2022, facebookresearch/DiT). */
import type { Constant } from "../backbone.ts";
import type { Init, ParameterSpec } from "../parameterSpec.ts";
import { elementsPerToken, type ModelShape, mlpWidth, tokenCount } from "../shape.ts";
import { gridPositions } from "./positions.ts";

/** Numbers of the sinusoidal embedding that the timestep's MLP begins with. */
export const FREQUENCIES = 256;
/** Of the embeddings of timestep and class. */
const EMBEDDING: Init = { normal: 0.02 };

/** Xavier's uniform law, with which the published code begins (Glorot & Bengio 2010). */
const xavier = (out: number, inner: number): Init => ({ uniform: Math.sqrt(6 / (inner + out)) });

export function ditParameters(shape: ModelShape): ParameterSpec[] {
  const { embedDim: D, patchSize: p, channels: C, depth, numClasses } = shape;
  const elements = elementsPerToken(shape);
  const hidden = mlpWidth(shape);
  const specs: ParameterSpec[] = [];
  const linear = (name: string, out: number, inner: number, init: Init = xavier(out, inner)) => {
    specs.push({ name: `${name}.weight`, shape: [out, inner], init });
    specs.push({ name: `${name}.bias`, shape: [out], init: "zeros" });
  };

  specs.push({ name: "x_embedder.proj.weight", shape: [D, C, p, p], init: xavier(D, elements) });
  specs.push({ name: "x_embedder.proj.bias", shape: [D], init: "zeros" });
  linear("t_embedder.mlp.0", D, FREQUENCIES, EMBEDDING);
  linear("t_embedder.mlp.2", D, D, EMBEDDING);
  // The last row stands for no class.
  if (numClasses > 0) {
    specs.push({ name: "y_embedder.embedding_table.weight", shape: [numClasses + 1, D], init: EMBEDDING });
  }
  for (let i = 0; i < depth; i++) {
    linear(`blocks.${i}.attn.qkv`, 3 * D, D);
    linear(`blocks.${i}.attn.proj`, D, D);
    linear(`blocks.${i}.mlp.fc1`, hidden, D);
    linear(`blocks.${i}.mlp.fc2`, D, hidden);
    // Zero: every block begins as the identity.
    linear(`blocks.${i}.adaLN_modulation.1`, 6 * D, D, "zeros");
  }
  linear("final_layer.linear", elements, D, "zeros");
  linear("final_layer.adaLN_modulation.1", 2 * D, D, "zeros");
  return specs;
}

/** Gain and bias of normalisations that have none of their own. */
export const PLAIN_GAIN = "plain_norm.weight";
export const PLAIN_BIAS = "plain_norm.bias";
export const POSITIONS = "pos_embed";

export function ditConstants(shape: ModelShape): Constant[] {
  const { embedDim: D, imageSize, patchSize } = shape;
  const plain = (name: string, value: number): Constant => ({
    name,
    shape: [D],
    values: () => new Float32Array(D).fill(value),
    inCheckpoints: false,
  });
  const positions: Constant = {
    name: POSITIONS,
    shape: [1, tokenCount(shape), D],
    values: () => gridPositions(imageSize / patchSize, D),
    inCheckpoints: true,
  };
  return [positions, plain(PLAIN_GAIN, 1), plain(PLAIN_BIAS, 0)];
}
