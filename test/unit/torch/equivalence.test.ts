/** The package maskdm_torch against the TypeScript engine: the same seed, the same experiment, ten updates. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { askTorch } from "../../python/torchProcess.ts";
import { maxAbs } from "../engine/compare.ts";
import { type CheckpointSet, ownBackend, ownUpdates, type Tensors } from "./ownEngine.ts";
import { VARIANTS } from "./variants.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const UPDATES = 10;

const numbers = z.array(z.number());
const replySchema = z.object({
  plans: z.array(
    z.object({
      indices: numbers,
      timesteps: numbers,
      flips: numbers,
      droppedLabels: numbers,
      visible: z.array(numbers),
    }),
  ),
  losses: z.array(numbers),
  norms: numbers,
  nothing: numbers,
});

let backend: Backend;
let folder = "";
beforeAll(async () => {
  backend = await ownBackend();
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-equal-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const floats = (name: string): Float32Array => {
  const bytes = readFileSync(path.join(folder, name));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
};

/** Largest difference of two arrays of one length. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return maxAbs(Float64Array.from({ length: a.length }, (_, i) => a[i]! - b[i]!));
}

/** @param tolerance per tensor, from the largest value of it */
function expectTensors(ours: Tensors, step: number, set: CheckpointSet, tolerance: (largest: number) => number): void {
  const theirs = readSafetensors(path.join(folder, `step${step}-${set}.safetensors`)).tensors;
  expect([...theirs.keys()].sort()).toEqual(ours[set].map(({ name }) => name).sort());
  for (const { name, shape, data } of ours[set]) {
    const other = theirs.get(name)!;
    expect(other.shape, name).toEqual(shape);
    expect(apart(data, other.data), `${set} ${name} after ${step} updates`).toBeLessThan(tolerance(maxAbs(data)));
  }
}

describe("ten updates of the package maskdm_torch", () => {
  it.for(VARIANTS)("$title", async ({ experiment, stage }, test) => {
    const python = requirePython(test, TORCH_MODULES);
    const save = [1, UPDATES];
    const asked = { task: "updates", folder, experiment, stage, updates: UPDATES, save };
    const [reply, { steps, saved }] = await Promise.all([
      askTorch(python, asked),
      ownUpdates(backend, experiment, stage, UPDATES, save),
    ]);
    const theirs = replySchema.parse(reply);

    const plans = theirs.plans.map((plan) => ({ ...plan, visible: plan.visible.flat() }));
    steps.forEach(({ plan: { step, ...own } }) => {
      expect(plans[step]).toEqual(Object.fromEntries(Object.entries(own).map(([key, values]) => [key, [...values]])));
    });
    const shape = {
      imageSize: experiment.data.image_size,
      channels: experiment.data.channels,
      patchSize: experiment.model.patch_size,
    };
    const first = steps[0]!.batch;
    expect(apart(first.tokens, toPatchEmbedOrder(floats("tokens.f32"), shape))).toBeLessThan(1e-6);
    expect(apart(first.target, floats("target.f32"))).toBeLessThan(1e-6);

    steps.forEach(({ losses, gradNorm, nothing }, step) => {
      expect(apart(losses, theirs.losses[step]!), `losses of step ${step}`).toBeLessThan(
        1e-5 * Math.max(1, maxAbs(losses)),
      );
      expect(Math.abs(gradNorm - theirs.norms[step]!), `gradient of step ${step}`).toBeLessThan(1e-4 * gradNorm);
      expect(Math.abs(nothing - theirs.nothing[step]!)).toBeLessThan(1e-5 * nothing);
    });
    // After one update the first moment is (1 - beta1) times the gradient.
    expectTensors(saved.get(1)!, 1, "optimizer", (largest) => Math.max(1e-4 * largest, 1e-9));
    for (const set of ["raw", "ema"] as const) expectTensors(saved.get(UPDATES)!, UPDATES, set, () => 1e-4);
  });
});
