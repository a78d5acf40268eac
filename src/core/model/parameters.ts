/** The learned tensors of the U-ViT: names, shapes and initial values (method section 5). */
import type { DataConfig, ModelConfig } from "../experiment/schema.ts";
import { RandomStream } from "../random/streams.ts";

/** Everything that decides the shapes of the network. */
export interface ModelShape {
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

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: "normal" | "zeros" | "ones";
}

/** The shape-relevant part of an experiment. */
export function modelShape(experiment: { readonly data: DataConfig; readonly model: ModelConfig }): ModelShape {
  const { data, model } = experiment;
  return {
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

/** N, tokens of a whole image. */
export function tokenCount(shape: ModelShape): number {
  return (shape.imageSize / shape.patchSize) ** 2;
}

/** E, tokens besides the patches: time, and label when class-conditional. */
export function extraTokens(shape: ModelShape): number {
  return shape.numClasses > 0 ? 2 : 1;
}

/** p·p·C */
export function elementsPerToken(shape: ModelShape): number {
  return shape.patchSize * shape.patchSize * shape.channels;
}

/** Names of the blocks in order of execution. */
export function blockNames(depth: number): { inBlocks: string[]; midBlock: string; outBlocks: string[] } {
  const half = Math.floor(depth / 2);
  const names = (group: string) => Array.from({ length: half }, (_, i) => `encoder.${group}.${i}`);
  return { inBlocks: names("in_blocks"), midBlock: "encoder.mid_block", outBlocks: names("out_blocks") };
}

/** All learned tensors in the order of the checkpoint. */
export function parameterSpecs(shape: ModelShape): ParameterSpec[] {
  const { embedDim: D, patchSize: p, channels: C, mlpRatio } = shape;
  const hidden = Math.round(D * mlpRatio);
  const elements = elementsPerToken(shape);
  const specs: ParameterSpec[] = [];
  const weight = (name: string, ...dims: number[]) => specs.push({ name, shape: dims, init: "normal" });
  const zeros = (name: string, ...dims: number[]) => specs.push({ name, shape: dims, init: "zeros" });
  const linear = (name: string, out: number, inner: number) => {
    weight(`${name}.weight`, out, inner);
    zeros(`${name}.bias`, out);
  };
  const norm = (name: string) => {
    specs.push({ name: `${name}.weight`, shape: [D], init: "ones" });
    zeros(`${name}.bias`, D);
  };

  weight("encoder.patch_embed.proj.weight", D, C, p, p);
  zeros("encoder.patch_embed.proj.bias", D);
  weight("encoder.encoder_pos_embed", 1, extraTokens(shape) + tokenCount(shape), D);
  if (shape.numClasses > 0) {
    weight("encoder.label_emb.weight", shape.numClasses, D);
    weight("encoder.uncond_embed", 1, D);
  }
  if (shape.timeMlp) {
    linear("encoder.time_embed.0", 4 * D, D);
    linear("encoder.time_embed.2", D, 4 * D);
  }
  const { inBlocks, midBlock, outBlocks } = blockNames(shape.depth);
  for (const name of [...inBlocks, midBlock, ...outBlocks]) {
    if (outBlocks.includes(name)) linear(`${name}.skip_linear`, D, 2 * D);
    norm(`${name}.norm1`);
    weight(`${name}.attn.qkv.weight`, 3 * D, D);
    if (shape.qkvBias) {
      zeros(`${name}.attn.q_bias`, D);
      zeros(`${name}.attn.v_bias`, D);
    }
    linear(`${name}.attn.proj`, D, D);
    norm(`${name}.norm2`);
    linear(`${name}.mlp.fc1`, hidden, D);
    linear(`${name}.mlp.fc2`, D, hidden);
  }
  norm("encoder.norm");
  linear("encoder_to_output", elements, D);
  return specs;
}

/**
 * Initial values of one tensor. The authors' truncation at ±2 lies a hundred deviations out, so the normal of deviation 0.02
 * is drawn as it is.
 * @param index position of the tensor in parameterSpecs, which is its item in the `init` stream
 */
export function initialise(spec: ParameterSpec, index: number, seed: number, out: Float32Array): void {
  if (spec.init === "normal") {
    new RandomStream({ seed, stage: "pretrain", stream: "init", step: 0, item: index }).fillNormal(
      out,
      0,
      out.length,
      0.02,
    );
  } else out.fill(spec.init === "ones" ? 1 : 0);
}
