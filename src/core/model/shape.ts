/** Everything that decides the shapes of the network. */
import type { DataConfig, ModelConfig } from "../experiment/schema.ts";

export interface ModelShape {
  readonly backbone: ModelConfig["backbone"];
  readonly imageSize: number;
  readonly channels: number;
  readonly patchSize: number;
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly timeMlp: boolean;
  /** 0 = unconditional */
  readonly numClasses: number;
}

/** The shape-relevant part of an experiment. */
export function modelShape(experiment: {
  readonly data: Pick<DataConfig, "image_size" | "channels">;
  readonly model: ModelConfig;
}): ModelShape {
  const { data, model } = experiment;
  return {
    backbone: model.backbone,
    imageSize: data.image_size,
    channels: data.channels,
    patchSize: model.patch_size,
    embedDim: model.embed_dim,
    depth: model.depth,
    numHeads: model.num_heads,
    mlpRatio: model.mlp_ratio,
    qkvBias: model.qkv_bias,
    timeMlp: model.time_embedding === "mlp",
    numClasses: model.num_classes,
  };
}

/** Whether a network of this shape can be built: patches divide the image, heads the width, and half of the width is whole. */
export function isBuildable({ imageSize, patchSize, embedDim, numHeads }: ModelShape): boolean {
  return imageSize % patchSize === 0 && embedDim % numHeads === 0 && embedDim % 2 === 0;
}

/** N, tokens of a whole image. */
export function tokenCount(shape: ModelShape): number {
  return (shape.imageSize / shape.patchSize) ** 2;
}

/** p·p·C */
export function elementsPerToken(shape: ModelShape): number {
  return shape.patchSize * shape.patchSize * shape.channels;
}

/** Hidden width of the MLP. */
export function mlpWidth({ embedDim, mlpRatio }: Pick<ModelShape, "embedDim" | "mlpRatio">): number {
  return Math.round(embedDim * mlpRatio);
}
