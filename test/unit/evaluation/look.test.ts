/** Looks of sets of images: known pictures, and the same in plain NumPy. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { lookOf } from "../../../src/core/evaluation/look.ts";
import type { ImageSet } from "../../../src/core/evaluation/showImages.ts";
import { colourBytes } from "../../../src/core/images/colours.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";

const SIDE = 16;
const WHITE = { patchSize: 4, background: [255, 255, 255] };

/** @param value a byte of channel c of image i at x, y */
function images(
  count: number,
  channels: number,
  value: (i: number, x: number, y: number, c: number) => number,
): ImageSet {
  const length = SIDE * SIDE * channels;
  const all = Uint8Array.from({ length: count * length }, (_, at) => {
    const place = Math.floor(at / channels);
    return value(Math.floor(at / length), place % SIDE, Math.floor(place / SIDE) % SIDE, at % channels);
  });
  return { count, side: SIDE, channels, read: (from, n) => all.slice(from * length, (from + n) * length) };
}

/** Normal, by a position and an item of its own. */
function noise(item: number): (at: number) => number {
  const draws = new Float32Array(2 ** 18);
  new RandomStream({ seed: 1, stage: "pretrain", stream: "noise", step: 0, item }).fillNormal(draws, 0, draws.length);
  return (at) => draws[at % draws.length]!;
}

/** A disc of its own size and colour on white. */
const disc = (i: number, x: number, y: number, c: number): number =>
  Math.hypot(x - 7.5, y - 7.5) < 3 + (i % 4) ? 90 + 7 * x + 20 * c + (i % 5) : 255;
const discs = images(60, 3, disc);
const at = (i: number, x: number, y: number, c: number): number => ((i * SIDE + y) * SIDE + x) * 3 + c;
const grainy = (deviation: number, item: number): ImageSet => {
  const draw = noise(item);
  return images(70, 3, (i, x, y, c) =>
    Math.min(255, Math.max(0, Math.round(disc(i, x, y, c) + deviation * draw(at(i, x, y, c))))),
  );
};

describe("the look of samples", () => {
  it("is 1 exactly for the training images themselves, within an error that is not none", () => {
    for (const measured of Object.values(lookOf(discs, discs, WHITE))) {
      expect(measured!.value).toBe(1);
      expect(measured!.standardError).toBeGreaterThan(0);
    }
  });

  it("shows squares where patches do not agree, and only there", () => {
    const odd = (x: number, y: number): number => ((x >> 2) + (y >> 2)) % 2;
    const checker = (shift: number) =>
      images(40, 3, (i, x, y, c) => disc(i, x, y, c) / 2 + 60 * odd(x + shift, y + shift));
    const { borderRatio } = lookOf(checker(0), discs, WHITE);
    expect(borderRatio!.value - 5 * borderRatio!.standardError).toBeGreaterThan(2);
    // The same squares with their borders inside patches.
    expect(lookOf(checker(2), discs, WHITE).borderRatio!.value).toBeLessThan(1);
  });

  it("is grainy by the strength of noise, alike across patch borders and inside", () => {
    const values = [0, 8, 16, 32].map((deviation) => lookOf(grainy(deviation, 3), discs, WHITE).grain!.value);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(values[0]).toBeCloseTo(1, 1);
    expect(values[3]).toBeGreaterThan(3);
    // In proportion to other noisy images it is as clean as they are.
    const { grain, borderRatio } = lookOf(grainy(32, 3), grainy(32, 4), WHITE);
    for (const { value, standardError } of [grain!, borderRatio!]) {
      expect(Math.abs(value - 1)).toBeLessThan(4 * standardError);
      expect(standardError).toBeLessThan(0.2);
    }
  });

  it("has the background where it is within 2 of 255 in every channel", () => {
    const flat = (change: (c: number) => number) =>
      lookOf(
        images(40, 3, (i, x, y, c) => (disc(i, x, y, c) === 255 ? 255 - change(c) : disc(i, x, y, c))),
        discs,
        WHITE,
      ).flatBackground!.value;
    expect(flat(() => 2)).toBe(1);
    expect(flat((c) => (c === 1 ? 3 : 0))).toBe(0);
    expect(colourBytes("#ff8000", 3)).toEqual([255, 128, 0]);
    expect(colourBytes("#ffffff", 1)).toEqual([255]);
  });

  it("is not told where the training images have nothing to hold it against", () => {
    const grey = images(30, 1, () => 100);
    const settings = { patchSize: 4, background: [255] };
    expect(lookOf(grey, grey, settings)).toEqual({ borderRatio: null, grain: null, flatBackground: null });
    const dark = { ...WHITE, background: [0, 0, 0] };
    expect(lookOf(discs, discs, dark).flatBackground).toBeNull();
    for (const patchSize of [1, SIDE]) expect(lookOf(discs, discs, { ...WHITE, patchSize }).borderRatio).toBeNull();
  });

  it("has the spread over sets that are drawn anew as its error", () => {
    const repeats = 40;
    const drawn = (item: number): ImageSet => {
      const draws = new RandomStream({ seed: 2, stage: "pretrain", stream: "noise", step: 0, item });
      const kinds = Array.from({ length: 50 }, () => draws.below(1000));
      return images(kinds.length, 1, (i, x, y) => disc(kinds[i]! % 7, x, y, kinds[i]! % 3) - (kinds[i]! % 3) * (x % 2));
    };
    const found = Array.from({ length: repeats }, (_, i) =>
      lookOf(drawn(2 * i), drawn(2 * i + 1), { patchSize: 4, background: [255] }),
    );
    for (const measure of ["borderRatio", "grain", "flatBackground"] as const) {
      const values = found.map((look) => look[measure]!.value);
      const mean = values.reduce((sum, value) => sum + value, 0) / repeats;
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (repeats - 1));
      const told = found.reduce((sum, look) => sum + look[measure]!.standardError, 0) / repeats;
      // 40 values know their spread to a ninth.
      expect(told / spread, measure).toBeGreaterThan(0.7);
      expect(told / spread, measure).toBeLessThan(1.4);
    }
  });

  const answer = z.record(z.string(), z.tuple([z.number(), z.number()]).nullable());
  for (const [name, samples, training, settings] of [
    ["noisy discs", grainy(20, 7), discs, WHITE],
    ["images without a background", grainy(20, 8), grainy(9, 9), { patchSize: 2, background: [10, 20, 30] }],
    [
      "grey images of another patch size",
      images(33, 1, (i, x, y) => disc(i, x, y, i % 3)),
      images(50, 1, (i, x, y) => Math.max(0, disc(i, y, x, 1) - (x % 3))),
      { patchSize: 8, background: [255] },
    ],
  ] as const) {
    it(`agrees with Python for ${name}`, (test) => {
      const python = requirePython(test, ["numpy"]);
      const request = { samples: nested(samples), training: nested(training), ...settings };
      const wanted = answer.parse(JSON.parse(runPython(python, "image_looks.py", request)));
      for (const [measure, found] of Object.entries(lookOf(samples, training, settings))) {
        const [value, error] = wanted[measure] ?? [null, null];
        if (value === null) expect(found, measure).toBeNull();
        else {
          expect(Math.abs(found!.value - value), measure).toBeLessThan(1e-6);
          expect(Math.abs(found!.standardError - error), measure).toBeLessThan(1e-6);
        }
      }
    });
  }
});

function nested({ count, side, channels, read }: ImageSet): number[][][][] {
  const pixels = read(0, count);
  const list = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));
  return list(count, (i) =>
    list(side, (y) => list(side, (x) => list(channels, (c) => pixels[((i * side + y) * side + x) * channels + c]!))),
  );
}
