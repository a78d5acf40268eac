/** Everything that decides the shapes of the network. */

export interface ModelShape {
  /** a name of backbones.ts */
  readonly backbone: string;
  readonly imageSize: number;
  readonly channels: number;
  readonly patchSize: number;
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly timeMlp: boolean;
  readonly qkNorm: "none" | "rms";
  readonly norm: "layer" | "rms";
  readonly mlp: "gelu" | "swiglu";
  /** 0 = unconditional */
  readonly numClasses: number;
}

/** What of an experiment decides them. */
export interface ShapeKeys {
  readonly data: { readonly image_size: number; readonly channels: number };
  readonly model: {
    readonly backbone: string;
    readonly patch_size: number;
    readonly embed_dim: number;
    readonly depth: number;
    readonly num_heads: number;
    readonly mlp_ratio: number;
    readonly qkv_bias: boolean;
    readonly time_embedding: "sinusoidal" | "mlp";
    readonly qk_norm: ModelShape["qkNorm"];
    readonly norm: ModelShape["norm"];
    readonly mlp: ModelShape["mlp"];
    readonly num_classes: number;
  };
}

export function modelShape({ data, model }: ShapeKeys): ModelShape {
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
    qkNorm: model.qk_norm,
    norm: model.norm,
    mlp: model.mlp,
    numClasses: model.num_classes,
  };
}

/** N, tokens of a whole image. */
export function tokenCount(shape: ModelShape): number {
  return (shape.imageSize / shape.patchSize) ** 2;
}

/** p·p·C */
export function elementsPerToken(shape: ModelShape): number {
  return shape.patchSize * shape.patchSize * shape.channels;
}

/**
 * Hidden width of the MLP; cut to a whole number, as in the published code. SwiGLU has three layers where GELU has two: with two
 * thirds of the width the parameters are as many (Shazeer 2020), rounded up to a multiple of 8 as in DINOv2, so that rows begin
 * where vectors do.
 */
export function mlpWidth({ embedDim, mlpRatio, mlp }: Pick<ModelShape, "embedDim" | "mlpRatio" | "mlp">): number {
  const width = Math.trunc(embedDim * mlpRatio);
  return mlp === "gelu" ? width : 8 * Math.ceil(Math.trunc((2 * width) / 3) / 8);
}
