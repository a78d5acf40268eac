/** What a step leaves to the garbage collector: typed arrays are counted where they are made. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { assembleBatch } from "../../../src/core/batch/assemble.ts";
import { tokenElements } from "../../../src/core/batch/tokens.ts";
import { ENGINES, IMAGE_BYTES, SCALARS, tinyBatches, tinyEngine } from "./tinyTraining.ts";

const B = 32;

const KINDS = ["Float32Array", "Float64Array", "Int32Array", "Uint32Array", "Uint8Array"] as const;
type Constructor = new (...parameters: unknown[]) => { readonly byteLength: number };
const globals = globalThis as unknown as Record<string, Constructor>;
const originals = new Map(KINDS.map((kind) => [kind, globals[kind]!]));

/** Counts the typed arrays with memory of their own that are made during the work; views are none. */
function countArrays(work: () => void): { arrays: number; bytes: number } {
  const counted = { arrays: 0, bytes: 0 };
  for (const [kind, original] of originals) {
    globals[kind] = new Proxy(original, {
      construct(target, parameters: unknown[], newTarget) {
        const made = Reflect.construct(target, parameters, newTarget) as { readonly byteLength: number };
        if (!(parameters[0] instanceof ArrayBuffer)) {
          counted.arrays++;
          counted.bytes += made.byteLength;
        }
        return made;
      },
    });
  }
  work();
  restore();
  return counted;
}

function restore(): void {
  for (const [kind, original] of originals) globals[kind] = original;
}

afterEach(restore);

/** Memory of this process after all garbage is collected; that of arrays is given back by turns of the event loop. */
async function held(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 4; round++) {
    collect();
    await new Promise(setImmediate);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe("a batch", () => {
  it.each([0, 0.9])("at mask rate %f takes its large arrays over, and few small ones for each image", (rate) => {
    const context = tinyBatches(rate, B);
    const { visibleTokens: S, tokens: N } = context.planner.geometry(0);
    const e = tokenElements(context.shape);
    const pixels = new Uint8Array(B * IMAGE_BYTES);
    const labels = new Int32Array(B);
    const first = assembleBatch(context, context.planner.plan(0), pixels, labels);
    expect(first.tokens.length).toBe(B * S * e);
    const counted = countArrays(() => {
      const batch = assembleBatch(context, context.planner.plan(1), pixels, labels, first);
      expect(batch.tokens).toBe(first.tokens);
      expect(batch.target).toBe(first.target);
    });
    // The mask's indices, its shuffle of N, and the words of four streams.
    expect(counted.arrays).toBeLessThanOrEqual(12 + 6 * B);
    // One image's x0, and a few numbers for each token and image.
    expect(counted.bytes).toBeLessThanOrEqual(4 * S * e + B * (4 * N + 8 * S + 120));
    // Without anything to take over, the two large ones come on top.
    const anew = countArrays(() => assembleBatch(context, context.planner.plan(1), pixels, labels));
    expect(anew.bytes - counted.bytes).toBe(2 * 4 * B * S * e);
  });
});

describe("the engine", () => {
  it.each(ENGINES)("keeps no memory of a step: %s", async (_, backend) => {
    const context = tinyBatches(0.9, B);
    const pixels = new Uint8Array(B * IMAGE_BYTES).fill(90);
    const engine = tinyEngine(backend());
    let update = 0;
    const step = async (): Promise<void> => {
      const batch = assembleBatch(context, context.planner.plan(update++), pixels, new Int32Array(B));
      await engine.trainStep(batch, { ...SCALARS, update, microBatchSize: B, clipGrad: null, wantGradNorm: true });
    };
    for (let i = 0; i < 8; i++) await step();
    const before = await held();
    const STEPS = 24;
    for (let i = 0; i < STEPS; i++) await step();
    // A batch's arrays are 2 · 32 · 7 · 48 floats, 86 kB; gradients are 10 MB.
    expect(((await held()) - before) / STEPS).toBeLessThan(16_000);
    await engine.dispose();
  });
});
