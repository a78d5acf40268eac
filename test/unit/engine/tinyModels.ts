/** Small networks with random weights and inputs, on which gradients are checked. */
import { drawVisibleTokens, type MaskConfig, maskGeometry } from "../../../src/core/masks/masks.ts";
import { backboneOf, parameterSpecs } from "../../../src/core/model/backbones.ts";
import { type Graph, sizeOf } from "../../../src/core/model/graph/graph.ts";
import { predictionGraph, trainingGraph } from "../../../src/core/model/graphs.ts";
import type { ParameterSpec } from "../../../src/core/model/parameterSpec.ts";
import { elementsPerToken, fedTokens, METHOD_CHOICES, type ModelShape } from "../../../src/core/model/shape.ts";
import { timeEmbedding } from "../../../src/core/model/timeEmbedding.ts";
import { tokenFeeds } from "../../../src/core/model/tokenFeeds.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";
import type { Feed } from "../../../src/trainer/engine/backend.ts";

export interface TinyCase {
  readonly title: string;
  readonly shape: ModelShape;
  readonly mask: MaskConfig;
  readonly batchSize: number;
}

export interface TinyModel {
  readonly shape: ModelShape;
  readonly batchSize: number;
  readonly visibleTokens: number;
  readonly specs: readonly ParameterSpec[];
  readonly training: Graph;
  readonly prediction: Graph;
  /** every input of both graphs by name */
  readonly inputs: ReadonlyMap<string, Feed>;
  /** [B · S] token indices */
  readonly visible: Int32Array;
  readonly timesteps: Int32Array;
}

const base: ModelShape = {
  ...METHOD_CHOICES,
  imageSize: 8,
  channels: 3,
  patchSize: 2,
  embedDim: 16,
  depth: 3,
  numHeads: 2,
};
const dit: ModelShape = { ...base, backbone: "dit", depth: 2 };
const modern = { qkNorm: "rms", norm: "rms", mlp: "swiglu" } as const;
const conv = { outputConv: "residual" } as const;
const none: MaskConfig = { strategy: "none", rate: 0, blockSize: 1, cellSize: 2, cropSize: null };
const patch: MaskConfig = { strategy: "patch", rate: 0.6, blockSize: 1, cellSize: 2, cropSize: null };
const block: MaskConfig = { strategy: "block", rate: 0.5, blockSize: 2, cellSize: 2, cropSize: null };
const crop: MaskConfig = { strategy: "crop", rate: 0.5, blockSize: 1, cellSize: 2, cropSize: 3 };

const stratified: MaskConfig = { ...patch, strategy: "stratified", rate: 0.9 };

/** Each strategy, what may become of hidden tokens, depths 1 to 5, with and without labels, time MLP, biases and output convolution, learned and fixed positions, 1 and 3 channels, one image and several. */
export const TINY_CASES: readonly TinyCase[] = [
  { title: "depth 1, whole images, grey", shape: { ...base, depth: 1, channels: 1 }, mask: none, batchSize: 2 },
  { title: "depth 1, one whole image", shape: { ...base, depth: 1 }, mask: none, batchSize: 1 },
  { title: "depth 2, patch", shape: { ...base, depth: 2 }, mask: patch, batchSize: 3 },
  {
    title: "depth 3, block, labels, biases",
    shape: { ...base, numClasses: 3, qkvBias: true },
    mask: block,
    batchSize: 4,
  },
  {
    title: "depth 3, whole images, labels, time MLP",
    shape: { ...base, timeMlp: true, numClasses: 2 },
    mask: none,
    batchSize: 2,
  },
  {
    title: "depth 4, crop, labels, time MLP, grey, patch size 4",
    shape: { ...base, depth: 4, imageSize: 16, patchSize: 4, channels: 1, numClasses: 2, timeMlp: true },
    mask: crop,
    batchSize: 2,
  },
  {
    title: "depth 5, patch, labels, time MLP, biases, 4 heads, ratio 2",
    shape: {
      ...base,
      depth: 5,
      embedDim: 32,
      numHeads: 4,
      mlpRatio: 2,
      numClasses: 2,
      timeMlp: true,
      qkvBias: true,
    },
    mask: patch,
    batchSize: 2,
  },
  {
    title: "normalised queries and keys, RMSNorm, SwiGLU, patch, labels, biases, ratio 3",
    shape: { ...base, ...modern, numClasses: 3, qkvBias: true, mlpRatio: 3 },
    mask: patch,
    batchSize: 3,
  },
  {
    title: "RMSNorm, depth 2, whole images, grey",
    shape: { ...base, norm: "rms", depth: 2, channels: 1 },
    mask: none,
    batchSize: 2,
  },
  {
    title: "DiT of one block, one whole image, grey",
    shape: { ...dit, depth: 1, channels: 1 },
    mask: none,
    batchSize: 1,
  },
  { title: "DiT, patch", shape: dit, mask: patch, batchSize: 3 },
  {
    title: "DiT of three blocks, block, labels, 4 heads, ratio 2",
    shape: { ...dit, depth: 3, numClasses: 3, numHeads: 4, mlpRatio: 2 },
    mask: block,
    batchSize: 4,
  },
  {
    title: "DiT, whole images, labels",
    shape: { ...dit, numClasses: 2 },
    mask: none,
    batchSize: 2,
  },
  {
    title: "DiT with normalised queries and keys, RMSNorm, SwiGLU, block, labels, 4 heads",
    shape: { ...dit, ...modern, numClasses: 3, numHeads: 4 },
    mask: block,
    batchSize: 4,
  },
  { title: "DiT with normalised queries and keys, patch", shape: { ...dit, qkNorm: "rms" }, mask: patch, batchSize: 2 },
  { title: "DiT with SwiGLU, one whole image", shape: { ...dit, mlp: "swiglu" }, mask: none, batchSize: 1 },
  {
    title: "depth 5, route from the second block on, labels",
    shape: { ...base, depth: 5, numClasses: 3, hidden: { mode: "route", denseBlocks: 1 } },
    mask: patch,
    batchSize: 4,
  },
  {
    title: "depth 3, fuse, cells",
    shape: { ...base, hidden: { mode: "fuse", denseBlocks: 1 } },
    mask: stratified,
    batchSize: 3,
  },
  {
    title: "DiT of four blocks, route around two of them, labels",
    shape: { ...dit, depth: 4, numClasses: 3, hidden: { mode: "route", denseBlocks: 1 } },
    mask: stratified,
    batchSize: 2,
  },
  {
    title: "DiT of five blocks, fuse around one of them",
    shape: { ...dit, depth: 5, hidden: { mode: "fuse", denseBlocks: 2 } },
    mask: block,
    batchSize: 2,
  },
  {
    title: "output convolution, fixed positions, whole images, labels",
    shape: { ...base, ...conv, positions: "sincos", numClasses: 2 },
    mask: none,
    batchSize: 2,
  },
  { title: "fixed positions, patch", shape: { ...base, positions: "sincos" }, mask: patch, batchSize: 3 },
  {
    title: "output convolution behind route, patch size 4, grey",
    shape: { ...base, ...conv, imageSize: 16, patchSize: 4, channels: 1, hidden: { mode: "route", denseBlocks: 1 } },
    mask: patch,
    batchSize: 2,
  },
  {
    title: "DiT with an output convolution, one whole image",
    shape: { ...dit, ...conv },
    mask: none,
    batchSize: 1,
  },
];

/** A stream of random numbers for tests; `item` tells streams apart. */
export function testStream(item: number): RandomStream {
  return new RandomStream({ seed: 20_240_601, stage: "pretrain", stream: "init", step: 1, item });
}

export function normals(item: number, count: number, scale = 1): Float32Array {
  const out = new Float32Array(count);
  testStream(item).fillNormal(out, 0, count, scale);
  return out;
}

/**
 * Weights far from their initial values, so that every path of the network carries a gradient of weight: biases and gains too
 * are random, products keep the size of what they multiply.
 */
function randomParameter(spec: ParameterSpec, item: number): Float32Array {
  const values = normals(item, sizeOf(spec.shape), 1);
  const inner = spec.shape.length > 1 ? sizeOf(spec.shape.slice(1)) : 1;
  if (spec.init === "ones") return values.map((value) => 1 + 0.3 * value);
  if (spec.init === "zeros") return values.map((value) => 0.3 * value);
  return /embed$|label_emb|embedding_table/.test(spec.name)
    ? values.map((value) => 0.5 * value)
    : values.map((value) => value / Math.sqrt(inner));
}

export function tinyModel({ shape, mask, batchSize }: TinyCase): TinyModel {
  const geometry = maskGeometry(mask, shape.imageSize / shape.patchSize);
  const S = geometry.visibleTokens;
  const backbone = backboneOf(shape);
  const specs = parameterSpecs(shape);
  const inputs = new Map<string, Feed>(specs.map((spec, i) => [spec.name, randomParameter(spec, i)]));
  for (const { name, values } of backbone.constants(shape)) inputs.set(name, values());
  const visible = new Int32Array(batchSize * S);
  const timesteps = new Int32Array(batchSize);
  const labels = new Int32Array(batchSize);
  for (let b = 0; b < batchSize; b++) {
    const stream = testStream(1000 + b);
    visible.set(drawVisibleTokens(geometry, stream), b * S);
    timesteps[b] = stream.below(1000);
    // The second image has no label, the fourth that of the third.
    labels[b] = b === 1 ? shape.numClasses : b >> 1;
  }
  const values = batchSize * fedTokens(shape, S) * elementsPerToken(shape);
  inputs.set("tokens", normals(2000, values));
  inputs.set("target", normals(2001, values));
  inputs.set(
    "weight",
    normals(2002, batchSize).map((value) => (0.5 + Math.abs(value)) / batchSize),
  );
  inputs.set("one", Float32Array.of(1));
  inputs.set("timeEmbedding", timeEmbedding(timesteps, backbone.timeEmbeddingWidth(shape)));
  inputs.set("labels", labels);
  for (const [name, feed] of tokenFeeds(shape, visible, batchSize)) inputs.set(name, feed);
  return {
    shape,
    batchSize,
    visibleTokens: S,
    specs,
    training: trainingGraph(shape, batchSize, S),
    prediction: predictionGraph(shape, batchSize, S),
    inputs,
    visible,
    timesteps,
  };
}
