/**
 * Recorded numbers of ten updates, test/fixtures/torch/golden.json: both engines are held against them, so that neither drifts, and the package
 * can be checked where there is no Node. `UPDATE_EXPECTED=1 npx vitest run test/unit/torch/golden` writes them anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import { crc32, crcHex } from "../../../src/node/run/crc32.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { askTorch } from "../../python/torchProcess.ts";
import { type OwnStep, ownBackend, ownUpdates } from "./ownEngine.ts";
import { VARIANTS, type Variant } from "./variants.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const FILE = path.join(ROOT, "test/fixtures/torch/golden.json");
const UPDATES = 10;

const prints = z.record(z.string(), z.array(z.number()));
const goldenSchema = z.array(
  z.object({
    title: z.string(),
    stage: z.string(),
    experiment: z.record(z.string(), z.unknown()),
    plan: z.string(),
    losses: z.array(z.number()),
    norms: z.array(z.number()),
    moments: prints,
    raw: prints,
    ema: prints,
  }),
);
type Golden = z.infer<typeof goldenSchema>[number];

const replySchema = z.object({ deviations: z.record(z.string(), z.record(z.string(), z.number())) });

let backend: Backend;
beforeAll(async () => {
  backend = await ownBackend();
});

async function goldenOf({ title, stage, experiment }: Variant): Promise<Golden> {
  const { steps, saved } = await ownUpdates(backend, experiment, stage, UPDATES, [1, UPDATES]);
  const last = saved.get(UPDATES)!;
  const first = saved.get(1)!.optimizer.filter(({ name }) => name.startsWith("exp_avg."));
  return {
    title,
    stage,
    experiment: { ...experiment },
    plan: crcHex(steps.reduce(planCrc, 0)),
    losses: steps.map(({ losses }) => short(losses.reduce((sum, loss) => sum + loss, 0) / losses.length)),
    norms: steps.map(({ gradNorm }) => short(gradNorm)),
    moments: fingerprints(first.map(({ name, ...rest }) => ({ name: name.slice("exp_avg.".length), ...rest }))),
    raw: fingerprints(last.raw),
    ema: fingerprints(last.ema),
  };
}

const short = (value: number): number => Number(value.toPrecision(7));

function planCrc(crc: number, { plan }: OwnStep): number {
  const parts = [plan.indices, plan.timesteps, plan.flips, plan.droppedLabels, plan.visible];
  return parts.reduce((crc, part) => crc32(new Uint8Array(Int32Array.from(part).buffer), crc), crc);
}

/** Of each tensor its root mean square, and the values at three places: golden.py has the same. */
const fingerprints = (tensors: readonly NamedTensor[]) =>
  Object.fromEntries(
    tensors.map(({ name, data }) => {
      const square = data.reduce((sum, value) => sum + value * value, 0) / data.length;
      const places = [0, 1, 2].map((i) => data[Math.floor((i * data.length) / 3)]!);
      return [name, [Math.sqrt(square), ...places].map(short)];
    }),
  );

/** Largest difference of fingerprints, absolute or as a share of the tensor's largest number. */
function apart(a: Golden["raw"], b: Golden["raw"], relative: boolean): number {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  const differences = Object.entries(a).flatMap(([name, numbers]) => {
    const largest = relative ? Math.max(...b[name]!.map(Math.abs)) : 1;
    // Gradients that are nothing but rounding are not compared.
    return largest < 1e-7 ? [] : numbers.map((value, i) => Math.abs(value - b[name]![i]!) / largest);
  });
  return Math.max(...differences);
}

describe("recorded updates", () => {
  it("are those of the TypeScript engine", async () => {
    const now: Golden[] = [];
    for (const variant of VARIANTS) now.push(await goldenOf(variant));
    if (process.env["UPDATE_EXPECTED"])
      writeFileSync(FILE, `[\n${now.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`);
    const golden = goldenSchema.parse(JSON.parse(readFileSync(FILE, "utf8")));
    expect(golden.map(({ title }) => title)).toEqual(now.map(({ title }) => title));
    now.forEach((own, i) => {
      const { experiment, title, plan, losses, norms, moments, raw, ema } = golden[i]!;
      // Keys that came later may have defaults.
      expect(own.experiment, title).toMatchObject(experiment);
      expect(own.plan, title).toBe(plan);
      const off = (a: number, b: number, least: number) => Math.abs(a - b) / Math.max(least, b);
      expect(Math.max(...own.losses.map((loss, step) => off(loss, losses[step]!, 1))), title).toBeLessThan(1e-5);
      expect(Math.max(...own.norms.map((norm, step) => off(norm, norms[step]!, 0))), title).toBeLessThan(1e-4);
      expect(apart(own.moments, moments, true), title).toBeLessThan(1e-4);
      expect(apart(own.raw, raw, false), title).toBeLessThan(1e-4);
      expect(apart(own.ema, ema, false), title).toBeLessThan(1e-4);
    });
  });

  it("are those of the package maskdm_torch", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const { deviations } = replySchema.parse(await askTorch(python, { task: "golden", file: FILE }));
    expect(Object.keys(deviations)).toEqual(VARIANTS.map(({ title }) => title));
    for (const [title, { plan, loss, gradient, weights }] of Object.entries(deviations)) {
      expect(plan, title).toBe(0);
      expect(loss, title).toBeLessThan(1e-5);
      expect(gradient, title).toBeLessThan(1e-4);
      expect(weights, title).toBeLessThan(1e-4);
    }
  });
});
