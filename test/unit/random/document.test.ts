/** The worked numbers of docs/random-streams.md, checked against the program and against the package maskdm_torch. */
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { type BatchPlanConfig, BatchPlanner } from "../../../src/core/batch/plan.ts";
import { maskGeometry } from "../../../src/core/masks/masks.ts";
import { philox4x32 } from "../../../src/core/random/philox.ts";
import {
  drawWithoutReplacement,
  RandomStream,
  STAGES,
  STREAMS,
  type StreamName,
} from "../../../src/core/random/streams.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { askTorch } from "../../python/torchProcess.ts";
import { always } from "../batch/planner.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const numbers = z.array(z.number());
const stageName = z.enum(Object.keys(STAGES) as [keyof typeof STAGES]);
const streamName = z.enum(Object.keys(STREAMS) as [StreamName]);
const address = z.tuple([z.number(), stageName, streamName, z.number(), z.number()]);
const maskConfig = z.strictObject({
  strategy: z.enum(["patch", "block", "stratified", "crop", "none"]),
  rate: z.number(),
  blockSize: z.number(),
  // Examples that were there before have none.
  cellSize: z.number().default(2),
  cropSize: z.number().nullable(),
});
const planConfig = z.strictObject({
  seed: z.number(),
  stage: stageName,
  batchSize: z.number(),
  datasetSize: z.number(),
  timesteps: z.number(),
  // Examples that were there before have none: they draw uniformly.
  logitNormal: z.tuple([z.number(), z.number()]).optional(),
  hflip: z.number(),
  labelDropout: z.number(),
  mask: maskConfig,
  gridSize: z.number(),
});
type PlanRequest = { readonly config: z.infer<typeof planConfig>; readonly step: number };
const drawnPlan = z.object({
  indices: numbers,
  timesteps: numbers,
  flips: numbers,
  droppedLabels: numbers,
  visible: z.array(numbers),
});

const pageSchema = z.strictObject({
  philox: z.array(z.strictObject({ counter: numbers, key: numbers, words: numbers })),
  words: z.array(z.strictObject({ address, count: z.number(), words: numbers })),
  below: z.array(z.strictObject({ address, n: z.number(), count: z.number(), values: numbers })),
  permutations: z.array(z.strictObject({ address, n: z.number(), values: numbers })),
  normals: z.array(z.strictObject({ address, count: z.number(), values: numbers })),
  noise: z.array(
    z.strictObject({
      config: z.object({ seed: z.number(), stage: stageName }),
      step: z.number(),
      slot: z.number(),
      token: z.number(),
      elements: z.number(),
      values: numbers,
    }),
  ),
  plans: z.array(z.strictObject({ config: planConfig, step: z.number(), ...drawnPlan.shape })),
});

/** What the Python answers: lists in the order of the requests. */
const answerSchema = z.object({
  philox: z.array(numbers),
  words: z.array(numbers),
  below: z.array(numbers),
  normals: z.array(numbers),
  permutations: z.array(numbers),
  plans: z.array(drawnPlan),
  noise: z.array(numbers),
});

function readPage() {
  const text = readFileSync(`${ROOT}/docs/random-streams.md`, "utf8");
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)];
  expect(blocks.length).toBe(1);
  return pageSchema.parse(JSON.parse(blocks[0]![1]!));
}

const streamAt = ([seed, stage, stream, step, item]: z.infer<typeof address>) =>
  new RandomStream({ seed, stage, stream, step, item });

const plannerOf = ({ mask, gridSize, timesteps, logitNormal, ...rest }: z.infer<typeof planConfig>) => {
  const [logit_mean, logit_std] = logitNormal ?? [0, 1];
  const timestep_distribution = logitNormal === undefined ? "uniform" : "logit_normal";
  const diffusion = { timesteps, timestep_distribution, logit_mean, logit_std } as const;
  const config: BatchPlanConfig = { ...rest, diffusion, masks: always(maskGeometry(mask, gridSize)) };
  return new BatchPlanner(config);
};

function planOf({ config, step }: PlanRequest): z.infer<typeof drawnPlan> {
  const plan = plannerOf(config).plan(step);
  const S = plan.visible.length / config.batchSize;
  return {
    indices: [...plan.indices],
    timesteps: [...plan.timesteps],
    flips: [...plan.flips],
    droppedLabels: [...plan.droppedLabels],
    visible: Array.from({ length: config.batchSize }, (_, b) => [...plan.visible.subarray(b * S, (b + 1) * S)]),
  };
}

function noiseOf(
  base: z.infer<typeof planConfig>,
  request: { step: number; slot: number; token: number; elements: number },
): Float32Array {
  const out = new Float32Array(request.elements);
  plannerOf(base).fillNoise(request.step, request.slot, Int32Array.of(request.token), request.elements, out, 0);
  return out;
}

function expectNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-6);
}

const base: z.infer<typeof planConfig> = {
  seed: 42,
  stage: "pretrain",
  batchSize: 3,
  datasetSize: 5,
  timesteps: 1000,
  hflip: 0.5,
  labelDropout: 0.1,
  mask: { strategy: "patch", rate: 0.8, blockSize: 1, cellSize: 2, cropSize: null },
  gridSize: 4,
};

describe("the worked numbers of docs/random-streams.md", () => {
  const page = readPage();

  it("Philox", () => {
    for (const { counter, key, words } of page.philox) {
      const [c0, c1, c2, c3] = counter as [number, number, number, number];
      const out = new Uint32Array(4);
      philox4x32(c0, c1, c2, c3, key[0]!, key[1]!, out);
      expect([...out]).toEqual(words);
    }
  });

  it("words of streams", () => {
    for (const { address, count, words } of page.words) {
      const stream = streamAt(address);
      expect(Array.from({ length: count }, () => stream.nextUint32())).toEqual(words);
    }
  });

  it("integers", () => {
    for (const { address, n, count, values } of page.below) {
      const stream = streamAt(address);
      expect(Array.from({ length: count }, () => stream.below(n))).toEqual(values);
    }
  });

  it("permutations", () => {
    for (const { address, n, values } of page.permutations) {
      expect([...drawWithoutReplacement(streamAt(address), n, n)]).toEqual(values);
    }
  });

  it("normals", () => {
    for (const { address, count, values } of page.normals) {
      const out = new Float32Array(count);
      streamAt(address).fillNormal(out, 0, count);
      expectNear(out, values);
    }
    for (const { config, values, ...rest } of page.noise) expectNear(noiseOf({ ...base, ...config }, rest), values);
  });

  it("plans of whole steps", () => {
    for (const { config, step, ...expected } of page.plans) expect(planOf({ config, step })).toEqual(expected);
  });

  it("the table of streams names them all", () => {
    const text = readFileSync(`${ROOT}/docs/random-streams.md`, "utf8");
    for (const [name, number] of Object.entries(STREAMS)) expect(text).toContain(`| \`${name}\` | ${number} |`);
  });
});

describe("the package maskdm_torch", () => {
  const mask = base.mask;
  const requests: PlanRequest[] = [
    { config: base, step: 0 },
    { config: { ...base, batchSize: 16, datasetSize: 37, gridSize: 16, hflip: 0.3 }, step: 4 },
    { config: { ...base, seed: Number.MAX_SAFE_INTEGER, stage: "finetune", datasetSize: 1000 }, step: 1_000_000 },
    { config: { ...base, gridSize: 16, mask: { ...mask, rate: 0.9 }, batchSize: 8 }, step: 199_999 },
    { config: { ...base, gridSize: 16, mask: { ...mask, strategy: "block", blockSize: 4, rate: 0.9 } }, step: 12 },
    { config: { ...base, gridSize: 16, mask: { ...mask, strategy: "block", blockSize: 8, rate: 0.1 } }, step: 12 },
    { config: { ...base, gridSize: 7, mask: { ...mask, rate: 0.3 }, timesteps: 250 }, step: 3 },
    { config: { ...base, gridSize: 16, mask: { ...mask, strategy: "crop", rate: 0.9 } }, step: 99 },
    { config: { ...base, gridSize: 16, mask: { ...mask, strategy: "crop", cropSize: 11 } }, step: 99 },
    { config: { ...base, gridSize: 16, mask: { ...mask, strategy: "stratified", rate: 0.9 } }, step: 99 },
    { config: { ...base, gridSize: 12, mask: { ...mask, strategy: "stratified", cellSize: 3, rate: 0.5 } }, step: 7 },
    { config: { ...base, mask: { ...mask, strategy: "none" }, hflip: 0, labelDropout: 0 }, step: 1 },
    { config: { ...base, batchSize: 12, datasetSize: 5, hflip: 1, labelDropout: 1 }, step: 2 },
    { config: { ...base, batchSize: 256, logitNormal: [-0.8, 0.8] }, step: 3 },
    { config: { ...base, batchSize: 64, stage: "finetune", timesteps: 7, logitNormal: [2, 3] }, step: 70_000 },
  ];
  const normals = [
    { address: [42, "pretrain", "noise", 7, 3] as const, count: 997 },
    { address: [1, "finetune", "sampleStep", 49, 123_456] as const, count: 4096 },
  ];
  const noise = [
    { config: base, step: 7, slot: 3, token: 15, elements: 48 },
    { config: { ...base, stage: "finetune" as const }, step: 70_000, slot: 255, token: 4095, elements: 3 },
  ];

  it("draws the same integers, and the same normals to 1e-6", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const page = readPage();
    const reply = answerSchema.parse(
      await askTorch(python, {
        task: "streams",
        ...page,
        normals,
        noise,
        plans: requests,
        permutations: [[7, "finetune", 3, 1009]],
      }),
    );
    expect(reply.philox).toEqual(page.philox.map(({ words }) => words));
    expect(reply.words).toEqual(page.words.map(({ words }) => words));
    expect(reply.below).toEqual(page.below.map(({ values }) => values));
    const order = streamAt([7, "finetune", "order", 0, 3]);
    expect(reply.permutations).toEqual([[...drawWithoutReplacement(order, 1009, 1009)]]);
    requests.forEach((request, i) => {
      expect(planOf(request), JSON.stringify(request)).toEqual(reply.plans[i]);
    });
    normals.forEach(({ address, count }, i) => {
      const out = new Float32Array(count);
      streamAt([...address]).fillNormal(out, 0, count);
      expectNear(out, reply.normals[i]!);
    });
    noise.forEach(({ config, ...rest }, i) => {
      expectNear(noiseOf(config, rest), reply.noise[i]!);
    });
  });
});
