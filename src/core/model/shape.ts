/** Everything that decides the shapes of the network. */

/** What becomes of the hidden tokens of a masked image: docs/hidden-tokens.md. */
export type HiddenTokens =
  /** they are absent */
  | { readonly mode: "drop" }
  /** all blocks but the first and the last ones go without them; sparse.ts has less than is asked for where a network is shallow */
  | { readonly mode: "route" | "fuse"; readonly denseBlocks: number };

export interface ModelShape {
  /** a name of backbones.ts */
  readonly backbone: string;
  /** pixels in a row */
  readonly imageSize: number;
  /** rows of pixels, where the image is no square */
  readonly imageHeight?: number;
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
  readonly positions: "learned" | "sincos";
  readonly outputConv: "none" | "residual";
  /** 0 = unconditional */
  readonly numClasses: number;
  readonly hidden: HiddenTokens;
}

/** What the method's own network chooses where a shape has a choice (method section 5). */
export const METHOD_CHOICES = {
  backbone: "uvit",
  mlpRatio: 4,
  qkvBias: false,
  timeMlp: false,
  qkNorm: "none",
  norm: "layer",
  mlp: "gelu",
  positions: "learned",
  outputConv: "none",
  numClasses: 0,
  hidden: { mode: "drop" },
} as const satisfies Partial<ModelShape>;

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
    readonly positions: ModelShape["positions"];
    readonly output_conv: ModelShape["outputConv"];
    readonly num_classes: number;
  };
  readonly mask: {
    readonly mode: HiddenTokens["mode"];
    readonly route_from: number;
    readonly fuse_blocks: number;
  };
}

export function modelShape({ data, model, mask }: ShapeKeys): ModelShape {
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
    positions: model.positions,
    outputConv: model.output_conv,
    numClasses: model.num_classes,
    hidden: hiddenTokens(mask),
  };
}

function hiddenTokens({ mode, route_from, fuse_blocks }: ShapeKeys["mask"]): HiddenTokens {
  return mode === "drop" ? { mode } : { mode, denseBlocks: mode === "route" ? route_from : fuse_blocks };
}

/** Tokens of a masked image that the network is fed. */
export function fedTokens(shape: ModelShape, visibleTokens: number): number {
  return shape.hidden.mode === "drop" ? visibleTokens : tokenCount(shape);
}

/** Tokens along the sides of an image. */
export function tokenGrid({
  imageSize,
  imageHeight = imageSize,
  patchSize,
}: Pick<ModelShape, "imageSize" | "imageHeight" | "patchSize">): { readonly rows: number; readonly columns: number } {
  return { rows: imageHeight / patchSize, columns: imageSize / patchSize };
}

/** N, tokens of a whole image. */
export function tokenCount(shape: ModelShape): number {
  const { rows, columns } = tokenGrid(shape);
  return rows * columns;
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
