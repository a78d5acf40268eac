/** Training steps that are broken off while they run: they change nothing at all, or are done. */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { StepCancelled } from "../../../src/trainer/engine/stepCancelled.ts";
import { TINY_CASES, tinyModel } from "../engine/tinyModels.ts";
import { batchOf, SCALARS } from "../engine/tinySteps.ts";
import { requireNative } from "./requireNative.ts";

/** Cells of the memory that both threads share. */
const [FLAG, ASKED, AFTER] = [0, 1, 2];
const shared = new Int32Array(new SharedArrayBuffer(12));
const flag = shared.subarray(FLAG, FLAG + 1);

/** Sets the flag so many microseconds after it is asked to: this thread is busy with the step then. */
const other = new Worker(
  `const { workerData: shared } = require("node:worker_threads");
   for (let seen = 0; ; seen = Atomics.load(shared, ${ASKED})) {
     Atomics.wait(shared, ${ASKED}, seen);
     const end = performance.now() + Atomics.load(shared, ${AFTER}) / 1000;
     while (performance.now() < end) continue;
     Atomics.store(shared, ${FLAG}, 1);
     Atomics.notify(shared, ${FLAG});
   }`,
  { eval: true, workerData: shared },
);

afterAll(async () => {
  await other.terminate();
});

function askFor(microseconds: number): void {
  Atomics.store(flag, 0, 0);
  Atomics.store(shared, AFTER, microseconds);
  Atomics.add(shared, ASKED, 1);
  Atomics.notify(shared, ASKED);
}

async function digestOf(engine: Engine): Promise<string> {
  const hash = createHash("sha256");
  const { raw, ema, optimizer } = await engine.tensors();
  for (const { data } of [...raw, ...ema, ...optimizer]) hash.update(data);
  return hash.digest("hex");
}

/** Some milliseconds of work, many instructions, weights of many parts. */
const MODEL = { ...TINY_CASES[2]!, shape: { ...TINY_CASES[2]!.shape, embedDim: 96 }, batchSize: 4 };
const WANTED = 3;
const MOST_TRIES = 400;

describe.skipIf(!requireNative())("a training step that is broken off", () => {
  const model = tinyModel(MODEL);

  /** Makes steps with micro-batches and gradients that are clipped or not; `tries` of a step say whether it was done. */
  function trainer(parts: number, clipGrad: number | null, cancellable: boolean) {
    const backend = nativeBackend(3);
    if (cancellable) backend.cancelBy?.(flag);
    const engine = new Engine(backend, { shape: model.shape, seed: 5 });
    const tries = async (update: number): Promise<boolean> => {
      const scalars = { ...SCALARS, update, clipGrad, wantGradNorm: false, microBatchSize: model.batchSize / parts };
      try {
        await engine.trainStep(batchOf(model), scalars);
        return true;
      } catch (error) {
        if (error instanceof StepCancelled) return false;
        throw error;
      }
    };
    return { engine, tries };
  }

  it.each([
    ["updated early", 1, null],
    ["of two micro-batches", 2, null],
    ["clipped", 1, 1],
  ] as const)("changes nothing, or everything: %s", async (_, parts, clipGrad) => {
    const plain = trainer(parts, clipGrad, false);
    const tried = trainer(parts, clipGrad, true);
    const startedAt = performance.now();
    await plain.tries(1);
    const microseconds = (performance.now() - startedAt) * 1000;
    let [done, brokenOff] = [0, 0];
    for (let n = 0; n < MOST_TRIES && (done < WANTED || brokenOff < WANTED); n++) {
      const before = await digestOf(tried.engine);
      // Somewhere in the step, another place every time.
      askFor(((n * 7) % 24) * (microseconds / 24));
      const isDone = await tried.tries(done + 1);
      Atomics.wait(flag, 0, 0);
      Atomics.store(flag, 0, 0);
      if (isDone) {
        done++;
        if (done > 1) await plain.tries(done);
        expect(await digestOf(tried.engine)).toBe(await digestOf(plain.engine));
      } else {
        brokenOff++;
        expect(await digestOf(tried.engine)).toBe(before);
      }
    }
    expect(Math.min(done, brokenOff)).toBeGreaterThanOrEqual(WANTED);
    await plain.engine.dispose();
    await tried.engine.dispose();
  });

  it("is none where the flag is set before: nothing has begun", async () => {
    Atomics.store(flag, 0, 1);
    const { engine, tries } = trainer(1, null, true);
    const before = await digestOf(engine);
    expect(await tries(1)).toBe(false);
    expect(await digestOf(engine)).toBe(before);
    await engine.dispose();
  });
});
