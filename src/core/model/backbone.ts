/** What a network has to say of itself. Everything else, from lint to the kernels, asks it through this. */
import type { Scope } from "./blocks/scope.ts";
import type { Tensor } from "./graph/graph.ts";
import type { RowChoice } from "./graph/operations.ts";
import type { ParameterSpec } from "./parameterSpec.ts";
import type { ModelShape } from "./shape.ts";

export interface NetworkInputs {
  /** tokens of x_t that are fed, F of an image, [B · F, p·p·C] in (C, p1, p2) order */
  readonly tokens: Tensor;
  /** sinusoidal embedding of the timesteps, [B, timeEmbeddingWidth] */
  readonly timeEmbedding: Tensor;
  /** class of each image, or numClasses for none, [B] int32; null when unconditional */
  readonly labels: Tensor | null;
  /** row of the position embedding for every token, extra tokens included, [B · (E+F)] int32; null when all are fed */
  readonly positions: Tensor | null;
  /** among the rows of all tokens, extra ones included, those that every block sees; null when all blocks see all that are fed */
  readonly visible: RowChoice | null;
}

/** A tensor that the network reads but does not learn. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => Float32Array;
  /** whether published checkpoints hold it, so that ours do, too */
  readonly inCheckpoints: boolean;
}

export interface WidthUnit {
  readonly multiple: number;
  readonly why: string;
}

export interface Backbone {
  /** what it is, in a sentence of the experiment file's documentation */
  readonly summary: string;
  /** keys of the section `model` that it does not read */
  readonly unusedKeys: readonly string[];
  /** embed_dim has to be a multiple of this, and why */
  widthUnit(model: Pick<ModelShape, "positions">): WidthUnit;
  /** blocks that a depth builds */
  blocks(depth: number): number;
  /** All learned tensors in the order of the checkpoint. */
  parameters(shape: ModelShape): ParameterSpec[];
  constants(shape: ModelShape): readonly Constant[];
  /** E, tokens besides the patches, which come before them */
  extraTokens(shape: ModelShape): number;
  /** numbers of the sinusoidal embedding that a timestep comes as; even */
  timeEmbeddingWidth(shape: ModelShape): number;
  /**
   * The network's output for the tokens that it is fed. Its blocks run through sparse.ts.
   * @returns [B · F, p·p·C] in (p1, p2, C) order
   */
  output(scope: Scope, inputs: NetworkInputs): Tensor;
}
