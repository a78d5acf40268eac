import { describe, expect, it } from "vitest";
import * as z from "zod";
import { resizeSquare } from "../../../src/core/evaluation/resize.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";

const picture = (side: number, channels: number): Uint8Array =>
  Uint8Array.from({ length: side * side * channels }, (_, i) => (i * i * 31 + i * 7) % 256);

describe("resizeSquare", () => {
  for (const [side, target] of [
    [32, 128],
    [64, 37],
    [50, 7],
    [5, 5],
  ] as const) {
    it(`does from ${side} to ${target} what Pillow does in float`, (test) => {
      const python = requirePython(test, ["numpy", "PIL"]);
      const pixels = picture(side, 1);
      const wanted = z
        .array(z.number())
        .parse(JSON.parse(runPython(python, "resize.py", { pixels: Array.from(pixels), side, target })));
      const out = new Float32Array(target * target);
      resizeSquare(pixels, side, 1, target, out);
      for (const [i, value] of out.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
    });
  }

  it("keeps channels apart and a flat image flat", () => {
    const flat = Uint8Array.from({ length: 9 * 9 * 3 }, (_, i) => [10, 200, 90][i % 3]!);
    const out = new Float32Array(20 * 20 * 3);
    resizeSquare(flat, 9, 3, 20, out);
    for (const [i, value] of out.entries()) expect(value).toBeCloseTo([10, 200, 90][i % 3]!, 3);
  });
});
