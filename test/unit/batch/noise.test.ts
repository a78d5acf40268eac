import { describe, expect, it } from "vitest";
import type { Stage } from "../../../src/core/random/streams.ts";
import { planner } from "./planner.ts";

interface NoiseOf {
  readonly step?: number;
  readonly slot?: number;
  readonly tokens?: readonly number[];
  readonly elements?: number;
  readonly seed?: number;
  readonly stage?: Stage;
}

function noise(of: NoiseOf = {}): Float32Array {
  const { step = 4, slot = 2, tokens = [0, 1, 5, 9], elements = 12, seed = 1, stage = "pretrain" } = of;
  const out = new Float32Array(tokens.length * elements);
  planner({ seed, stage }).fillNoise(step, slot, Int32Array.from(tokens), elements, out, 0);
  return out;
}

describe("noise of the visible tokens", () => {
  it.each([1, 3, 4, 12, 48, 49])("%i values a token: a token's noise does not depend on the mask", (elements) => {
    const all = noise({ elements, tokens: [...new Array(16).keys()] });
    for (const tokens of [[0], [15], [3, 4, 11], [1, 5, 14, 15]]) {
      const part = noise({ elements, tokens });
      tokens.forEach((token, i) => {
        expect([...part.subarray(i * elements, (i + 1) * elements)]).toEqual([
          ...all.subarray(token * elements, (token + 1) * elements),
        ]);
      });
    }
  });

  it.each([3, 12, 49])("%i values a token: no two tokens share noise", (elements) => {
    const values = noise({ elements, tokens: [...new Array(64).keys()] });
    expect(new Set(values).size).toBeGreaterThan(values.length * 0.999);
  });

  it("differs by step, slot, seed and stage", () => {
    const rows = [noise(), noise({ step: 5 }), noise({ slot: 3 }), noise({ seed: 2 }), noise({ stage: "finetune" })];
    expect(new Set(rows.map((row) => row.join())).size).toBe(5);
  });

  it("is written at the offset and nowhere else", () => {
    const out = new Float32Array(20).fill(7);
    planner().fillNoise(4, 2, Int32Array.of(5, 9), 6, out, 4);
    expect([...out]).toEqual([7, 7, 7, 7, ...noise({ tokens: [5, 9], elements: 6 }), 7, 7, 7, 7]);
  });

  it("has mean 0 and deviation 1 over many images", () => {
    let sum = 0;
    let squares = 0;
    let count = 0;
    for (let step = 0; step < 200; step++) {
      for (const z of noise({ step, elements: 49 })) {
        sum += z;
        squares += z * z;
        count++;
      }
    }
    expect(Math.abs(sum / count)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(squares / count - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
  });
});
