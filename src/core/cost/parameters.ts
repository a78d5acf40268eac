/** Counts of learned parameters and the shapes that the cost models need, from an experiment. */
import type { DataConfig, ModelConfig } from "../experiment/schema.ts";
import { type BackboneShape, blockCount } from "./flops.ts";
import type { MemoryShape } from "./memory.ts";

type ShapeKeys =
  | "patch_size"
  | "embed_dim"
  | "depth"
  | "num_heads"
  | "mlp_ratio"
  | "qkv_bias"
  | "time_embedding"
  | "num_classes";
export type ModelSizes = Pick<ModelConfig, ShapeKeys>;
export type ImageSizes = Readonly<Record<keyof Pick<DataConfig, "image_size" | "channels">, number>>;

/** Hidden width of the MLP. */
export function mlpWidth(model: Pick<ModelConfig, "embed_dim" | "mlp_ratio">): number {
  return Math.round(model.embed_dim * model.mlp_ratio);
}

/** Numbers in all tensors of the table in method section 5. */
export function parameterCount(model: ModelSizes, data: ImageSizes): number {
  const { embed_dim: D, num_classes: classes } = model;
  const elements = model.patch_size ** 2 * data.channels;
  const tokens = (data.image_size / model.patch_size) ** 2;
  const hidden = mlpWidth(model);
  const linear = (inner: number, out: number) => inner * out + out;
  const attention = 3 * D * D + (model.qkv_bias ? 2 * D : 0) + linear(D, D);
  const block = 4 * D + attention + linear(D, hidden) + linear(hidden, D);
  const labels = classes > 0 ? (classes + 1) * D : 0;
  const time = model.time_embedding === "mlp" ? linear(D, 4 * D) + linear(4 * D, D) : 0;
  return (
    linear(elements, D) +
    (extraTokens(model) + tokens) * D +
    labels +
    time +
    blockCount(model.depth) * block +
    Math.floor(model.depth / 2) * linear(2 * D, D) +
    2 * D +
    linear(D, elements)
  );
}

/** E, tokens besides the patches: time, and label when class-conditional. */
export function extraTokens(model: Pick<ModelConfig, "num_classes">): number {
  return model.num_classes > 0 ? 2 : 1;
}

export function backboneShape(model: ModelSizes, data: ImageSizes): BackboneShape {
  return {
    embedDim: model.embed_dim,
    depth: model.depth,
    mlpRatio: mlpWidth(model) / model.embed_dim,
    tokenElements: model.patch_size ** 2 * data.channels,
    extraTokens: extraTokens(model),
  };
}

export function memoryShape(model: ModelSizes, data: ImageSizes): MemoryShape {
  return {
    ...backboneShape(model, data),
    numHeads: model.num_heads,
    parameters: parameterCount(model, data),
  };
}
