/** Several processes of the package maskdm_torch train what one does. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import * as z from "zod";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { torchrun } from "../../python/torchrun.ts";
import { maxAbs } from "../engine/compare.ts";
import { IMAGES } from "./ownEngine.ts";
import { VARIANTS } from "./variants.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const numbers = z.array(z.number());
const stepsSchema = z.array(z.object({ losses: numbers, timesteps: numbers, nothing: z.number(), norm: z.number() }));

it("two processes equal one with the whole batch after ten updates, and so do halves of them", async (test) => {
  const python = requirePython(test, TORCH_MODULES);
  const folder = mkdtempSync(path.join(tmpdir(), "maskdm-ranks-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // With clipping over the whole gradient and two passes a process; with tensors that nothing depends on; with another network.
  const whole = VARIANTS.filter(({ title }) => /clipping|idle|DiT, fuse/.test(title));
  expect(whole).toHaveLength(3);
  const [clipping] = whole;
  const compute = { workers: 2, shard: "optimizer" } as const;
  const divided = { ...clipping!, title: "divided", experiment: { ...clipping!.experiment, compute } };
  const chosen = [...whole, divided];
  const requests = chosen.map(({ experiment, stage }, i) => ({
    experiment: { ...experiment, [stage]: { ...experiment[stage], batch_size: 8 } },
    ...{ stage, updates: 10, images: IMAGES, folder: path.join(folder, String(i)) },
  }));
  const file = path.join(folder, "request.json");
  writeFileSync(file, JSON.stringify(requests));
  await torchrun(python, 2, ["test/python/ranks.py", file]);

  for (const [i, { title }] of chosen.entries()) {
    const of = (way: string): string => path.join(folder, String(i), way);
    const [together, alone] = [of("together"), of("alone")];
    const [steps, expected] = [together, alone].map((of) =>
      stepsSchema.parse(JSON.parse(readFileSync(path.join(of, "steps.json"), "utf8"))),
    ) as [z.output<typeof stepsSchema>, z.output<typeof stepsSchema>];
    for (const [step, { losses, timesteps, nothing, norm }] of expected.entries()) {
      const own = steps[step]!;
      expect(own.timesteps).toEqual(timesteps);
      expect(apart(own.losses, losses), `${title}: losses of step ${step}`).toBeLessThan(1e-5);
      expect(Math.abs(own.nothing - nothing)).toBeLessThan(1e-5);
      expect(Math.abs(own.norm - norm), `${title}: gradient of step ${step}`).toBeLessThan(1e-5 * Math.max(1, norm));
    }
    for (const set of ["raw", "ema", "optimizer"]) {
      const theirs = readSafetensors(path.join(alone, `${set}.safetensors`)).tensors;
      for (const way of ["together", "changed", "left"]) {
        const own = readSafetensors(path.join(of(way), `${set}.safetensors`)).tensors;
        expect([...own.keys()]).toEqual([...theirs.keys()]);
        for (const [name, { data }] of own) {
          expect(apart(data, theirs.get(name)!.data), `${title}, ${way}: ${set} ${name}`).toBeLessThan(1e-5);
        }
      }
    }
    const [kept, all] = [together, alone].map((way) =>
      numbers.parse(JSON.parse(readFileSync(path.join(way, "kept.json"), "utf8"))),
    ) as [number[], number[]];
    // Tensors stay whole, so the halves are not quite equal.
    if (title === "divided") {
      expect(kept[0]! + kept[1]!).toBe(all[0]);
      expect(Math.max(...kept)).toBeLessThan(0.55 * all[0]!);
    } else expect(kept).toEqual([all[0], all[0]]);
  }
});

/** Largest difference of two arrays of one length. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return maxAbs(Float64Array.from({ length: a.length }, (_, i) => a[i]! - b[i]!));
}
