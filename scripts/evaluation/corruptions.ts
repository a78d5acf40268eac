/** Ways to make a set of images worse, each at strengths 1 to 5. */
import sharp from "sharp";
import { drawWithoutReplacement, RandomStream } from "../../src/core/random/streams.ts";
import { type Picture, SIDE } from "./imagePool.ts";

export interface Sets {
  /** the set at strength 0 */
  readonly base: readonly Picture[];
  /** images like it that are in no other set */
  readonly spare: readonly Picture[];
  /** images of another sort */
  readonly other: readonly Picture[];
}

export interface Corruption {
  readonly name: string;
  /** what each strength means */
  readonly levels: readonly number[];
  readonly unit: string;
  apply(sets: Sets, level: number): Promise<Picture[]>;
}

/** @param item a number for each use */
export function stream(item: number, step = 0): RandomStream {
  return new RandomStream({ seed: 13, stage: "pretrain", stream: "noise", step, item });
}

const changed = (pictures: readonly Picture[], change: (pixels: Uint8Array, i: number) => Uint8Array): Picture[] =>
  pictures.map(({ pixels, kind }, i) => ({ pixels: change(pixels, i), kind }));

export function withNoise(pixels: Uint8Array, deviation: number, item: number): Uint8Array {
  const noise = new Float32Array(pixels.length);
  stream(item).fillNormal(noise, 0, noise.length, deviation);
  return Uint8Array.from(pixels, (byte, at) => Math.max(0, Math.min(255, Math.round(byte + noise[at]!))));
}

const BLOCK = 8;
const BLOCKS = (SIDE / BLOCK) ** 2;

/** Exchanges pairs of blocks of 8 x 8 pixels. */
function withSwaps(pixels: Uint8Array, pairs: number, item: number): Uint8Array {
  const out = pixels.slice();
  const blocks = drawWithoutReplacement(stream(item, 1), BLOCKS, 2 * pairs);
  const row = BLOCK * 3;
  const start = (block: number, y: number): number => {
    const perRow = SIDE / BLOCK;
    return ((Math.floor(block / perRow) * BLOCK + y) * SIDE + (block % perRow) * BLOCK) * 3;
  };
  for (let i = 0; i < pairs; i++) {
    for (let y = 0; y < BLOCK; y++) {
      const [a, b] = [start(blocks[2 * i]!, y), start(blocks[2 * i + 1]!, y)];
      out.set(pixels.subarray(b, b + row), a);
      out.set(pixels.subarray(a, a + row), b);
    }
  }
  return out;
}

export const CORRUPTIONS: readonly Corruption[] = [
  {
    name: "noise",
    levels: [8, 16, 32, 64, 96],
    unit: "of 255, deviation",
    apply: async ({ base }, level) => changed(base, (pixels, i) => withNoise(pixels, level, i)),
  },
  {
    name: "blur",
    levels: [0.7, 1, 1.5, 2.5, 4],
    unit: "pixels, sigma",
    apply: ({ base }, level) =>
      Promise.all(
        base.map(async ({ pixels, kind }) => {
          const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
          return { pixels: new Uint8Array(await image.blur(level).raw().toBuffer()), kind };
        }),
      ),
  },
  {
    name: "block swaps",
    levels: [4, 8, 12, 16, 24],
    unit: "pairs of 8 x 8 blocks of 64",
    apply: async ({ base }, level) => changed(base, (pixels, i) => withSwaps(pixels, level, i)),
  },
  {
    name: "another set",
    levels: [0.2, 0.4, 0.6, 0.8, 1],
    unit: "of the images",
    apply: async ({ base, other }, level) => {
      const replaced = Math.round(level * base.length);
      return base.map((picture, i) => (i < replaced ? other[i % other.length]! : picture));
    },
  },
  {
    name: "fewer kinds",
    levels: [0.6, 0.45, 0.3, 0.2, 0.1],
    unit: "of the kinds are left",
    apply: async ({ base, spare }, level) => {
      const all = [...base, ...spare];
      const size = (kind: string): number => all.filter((picture) => picture.kind === kind).length;
      // The largest go first: with one that holds half of the images left to the end, fewer kinds would be the better set.
      const kinds = [...new Set(base.map(({ kind }) => kind))].sort().sort((a, b) => size(a) - size(b));
      const left = new Set(kinds.slice(0, Math.max(1, Math.round(level * kinds.length))));
      const kept = all.filter(({ kind }) => left.has(kind));
      const draws = stream(1, 2);
      return base.map((picture) => (left.has(picture.kind) ? picture : kept[draws.below(kept.length)]!));
    },
  },
];
