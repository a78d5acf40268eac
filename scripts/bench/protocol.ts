/** What the driver asks of a benchmarked engine, and what it answers: JSON lines on stdin and stdout. */
import * as z from "zod";

/** Shape of a network, in the keys of the experiment file. */
export const networkSchema = z.strictObject({
  image_size: z.number(),
  channels: z.union([z.literal(1), z.literal(3)]),
  patch_size: z.number(),
  embed_dim: z.number(),
  depth: z.number(),
  num_heads: z.number(),
});
export type Network = z.infer<typeof networkSchema>;

/** A product of float32 matrices, [m, k] by [k, n]; transA: the left one lies as [k, m]. */
const productShape = { m: z.number(), n: z.number(), k: z.number(), transA: z.boolean() };
export type ProductShape = { readonly [K in keyof typeof productShape]: z.infer<(typeof productShape)[K]> };

const work = {
  config: networkSchema,
  /** share of hidden tokens, strategy patch; 0 = whole images */
  maskRate: z.number(),
  batchSize: z.number(),
  microBatch: z.number(),
  seed: z.number(),
};

export const commandSchema = z.discriminatedUnion("cmd", [
  z.object({ cmd: z.literal("hello"), threads: z.number() }),
  z.object({ cmd: z.literal("begin"), threads: z.number() }),
  z.object({ cmd: z.literal("product"), ...productShape, seconds: z.number() }),
  z.object({ cmd: z.literal("setup"), ...work }),
  z.object({ cmd: z.literal("steps"), n: z.number() }),
  z.object({ cmd: z.literal("memory") }),
  z.object({
    cmd: z.literal("follow"),
    config: networkSchema,
    n: z.number(),
    modelFile: z.string(),
    /** tokens.f32, target.f32 [B, S, p·p·C] in (p1, p2, C) order; timesteps.i32 [B]; visible.i32 [B, S] */
    folder: z.string(),
    batchSize: z.number(),
    microBatch: z.number(),
    visibleTokens: z.number(),
  }),
  z.object({
    cmd: z.literal("sampleSetup"),
    config: networkSchema,
    modelFile: z.string(),
    batchSize: z.number(),
    /** DDIM steps of a trajectory */
    steps: z.number(),
  }),
  z.object({ cmd: z.literal("sampleSteps"), n: z.number() }),
  z.object({
    cmd: z.literal("draw"),
    config: networkSchema,
    modelFile: z.string(),
    count: z.number(),
    steps: z.number(),
    eta: z.number(),
    seed: z.number(),
    /** receives the images, raw float32 [count, H, W, C] */
    file: z.string(),
  }),
  z.object({ cmd: z.literal("quit") }),
]);
export type Command = z.infer<typeof commandSchema>;
export type Work = Omit<Extract<Command, { cmd: "setup" }>, "cmd">;

const seconds = z.number().positive();

export const replies = {
  /** whether the engine works here, which it tries out */
  hello: z.discriminatedUnion("works", [
    z.object({ works: z.literal(true), version: z.string(), threads: z.number() }),
    z.object({ works: z.literal(false), reason: z.string() }),
  ]),
  /** takes the number of threads, and is ready for the rest */
  begin: z.object({}),
  /** of the quickest of many products of the shape */
  product: z.object({ flopsPerSecond: z.number().positive() }),
  setup: z.object({ visibleTokens: z.number(), parameters: z.number() }),
  /** engineSeconds: forward and backward alone, where they are told from the loop around them and the update; else null */
  steps: z.object({ seconds, loss: z.number(), engineSeconds: seconds.nullable() }),
  memory: z.object({ peakMemoryBytes: z.number().positive() }),
  follow: z.object({ losses: z.array(z.number()) }),
  /** PyTorch only: which of its kernels are quickest for the shape; seconds per step of each one tried */
  tune: z.object({ attention: z.string(), optimizer: z.string(), tried: z.record(z.string(), z.number()) }),
  /** variant: which kernel it took, where it has several */
  sampleSetup: z.object({ variant: z.string().nullable() }),
  sampleSteps: z.object({ seconds }),
  draw: z.object({ seconds }),
};
export type Replies = typeof replies;
export type Reply<C extends keyof Replies> = z.infer<Replies[C]>;
