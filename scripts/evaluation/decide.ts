/**
 * Which space of features tells good images from bad ones? Takes two sorts of images, makes them worse in five ways, and asks whether the kernel distance
 * (KID) rises, whether it tells the weakest corruption from none, whether its 95 % interval holds the truth in 95 of 100 cases, and whether planted copies are
 * counted.
 *
 *   node scripts/emoji.mjs --all --size 64 --out EMOJI
 *   apt-get download mate-backgrounds && dpkg -x mate-backgrounds_*.deb DEBIAN    (any other dozen of photographs will do)
 *   node scripts/ts.mjs scripts/evaluation/decide.ts --emoji EMOJI \
 *     --photos DEBIAN/usr/share/backgrounds/mate/nature [--space efficientnet-lite0] [--only emoji] [--corruption blur]
 *
 * The table is Markdown, for docs/evaluation.md. All is drawn from seeded streams.
 */
import { parseArgs } from "node:util";
import { copyingOf, kidFloor, kidOf } from "../../src/core/evaluation/compareSets.ts";
import { type Features, selectFeatures } from "../../src/core/evaluation/features.ts";
import type { Kid } from "../../src/core/evaluation/kid.ts";
import { overPairs } from "../../src/core/evaluation/overPairs.ts";
import { drawWithoutReplacement } from "../../src/core/random/streams.ts";
import { DEFAULT_SPACE } from "../../src/core/run/evaluationSpaces.ts";
import { type FeatureSpace, openSpace } from "../../src/trainer/evaluation/featureSpace.ts";
import { CORRUPTIONS, type Sets, stream, withNoise } from "./corruptions.ts";
import { IMAGE_BYTES, type Picture, pieces, SIDE, wholeImages } from "./imagePool.ts";

const N = 500;
const HELD_OUT = 200;
const COPIES = 0.2;
/** A copy out of a network is not exact. */
const COPY_NOISE = 1;
const RESAMPLES = 200;
const RESAMPLE_IMAGES = 100;

const { values: options } = parseArgs({
  options: {
    emoji: { type: "string" },
    photos: { type: "string" },
    space: { type: "string", default: DEFAULT_SPACE },
    only: { type: "string" },
    corruption: { type: "string" },
  },
});
if (options.emoji === undefined || options.photos === undefined) throw new Error("--emoji and --photos are needed");

const pools: Record<string, Picture[]> = {
  emoji: shuffled(await wholeImages(options.emoji), 0),
  photos: shuffled(await pieces(options.photos), 1),
};
const space = await openSpace(options.space, 2);
console.log(`Space ${space.name} (${space.version})\n`);
for (const name of Object.keys(pools)) if (options.only === undefined || options.only === name) await decide(name);
await space.close();

async function decide(name: string): Promise<void> {
  const pool = pools[name]!;
  const other = Object.entries(pools).find(([key]) => key !== name)![1];
  const training = pool.slice(0, N);
  const sets: Sets = { base: pool.slice(N, 2 * N), spare: pool.slice(2 * N), other };
  const started = performance.now();
  const reference = await embed(space, training);
  const seconds = (performance.now() - started) / 1000;
  const base = await embed(space, sets.base);
  const clean = kidOf(base, reference);
  const floor = kidFloor(reference, drawWithoutReplacement(stream(3, 3), N, N));
  console.log(`### ${name}: ${pool.length} images, ${N} a set, ${Math.round(N / seconds)} images/s\n`);
  console.log(`KID of the untouched set ${text(clean)}, floor ${text(floor)}.\n`);
  console.log("| | 1 | 2 | 3 | 4 | 5 | Spearman | 0 to 1, errors | interval holds |");
  console.log("|---|---|---|---|---|---|---|---|---|");
  for (const corruption of CORRUPTIONS) {
    if (options.corruption !== undefined && corruption.name !== options.corruption) continue;
    const found: Kid[] = [clean];
    let weakest = base;
    for (const level of corruption.levels) {
      const features = await embed(space, await corruption.apply(sets, level));
      if (found.length === 1) weakest = features;
      found.push(kidOf(features, reference));
    }
    const apart = (found[1]!.kid - clean.kid) / Math.hypot(found[1]!.standardError, clean.standardError);
    const cells = found.slice(1).map(text);
    const levels = `${corruption.levels.join(", ")} ${corruption.unit}`;
    const held = coverage(weakest, reference);
    console.log(
      `| ${corruption.name} (${levels}) | ${cells.join(" | ")} | ${spearman(found).toFixed(2)} | ${apart.toFixed(1)} | ${held} |`,
    );
  }
  if (options.corruption !== undefined) return;
  console.log(
    `\nUntouched, the interval holds the truth in ${coverage(base, reference)} of ${RESAMPLES} resamples of ${RESAMPLE_IMAGES}.`,
  );
  await planted(pool, reference);
}

/** Copies among images that nobody has seen. */
async function planted(pool: readonly Picture[], training: Features): Promise<void> {
  const count = Math.min(N, pool.length - N - HELD_OUT);
  const heldOut = await embed(space, pool.slice(N, N + HELD_OUT));
  const unseen = pool.slice(N + HELD_OUT, N + HELD_OUT + count);
  const copies = Math.round(COPIES * count);
  const withCopies = unseen.map((picture, i) =>
    i < copies ? { ...picture, pixels: withNoise(pool[i]!.pixels, COPY_NOISE, i) } : picture,
  );
  const share = async (pictures: readonly Picture[]) =>
    copyingOf(await embed(space, pictures), heldOut, training).share;
  const [none, some] = [await share(unseen), await share(withCopies)];
  console.log(
    `Of ${count} samples ${percent(COPIES)} are copies of training images with noise of ${COPY_NOISE} of 255: reported ${percent(some)}; without any: ${percent(none)}.\n`,
  );
}

/** How often the interval of sets drawn anew, with repetition, holds the distance of the sets that they are drawn from. */
function coverage(first: Features, second: Features): string {
  const truth = distanceOfLaws(first, second);
  let held = 0;
  for (let i = 0; i < RESAMPLES; i++) {
    const draws = stream(i, 4);
    const resample = (features: Features): Features =>
      selectFeatures(
        features,
        Array.from({ length: RESAMPLE_IMAGES }, () => draws.below(features.count)),
      );
    const [low, high] = kidOf(resample(first), resample(second)).interval;
    if (low <= truth && truth <= high) held++;
  }
  return percent(held / RESAMPLES);
}

/** KID of the two sets as laws of which each image is one possible draw: pairs of an image with itself count. */
function distanceOfLaws(first: Features, second: Features): number {
  const mean = (a: Features, b: Features): number => {
    let sum = 0;
    const row = (_i: number, products: Float64Array) => {
      for (const product of products) sum += (product / a.size + 1) ** 3;
    };
    overPairs(a, b, [{ row }]);
    return sum / (a.count * b.count);
  };
  return mean(first, first) + mean(second, second) - 2 * mean(first, second);
}

function embed(by: FeatureSpace, pictures: readonly Picture[]): Promise<Features> {
  const read = (from: number, count: number): Uint8Array => {
    const out = new Uint8Array(count * IMAGE_BYTES);
    for (let i = 0; i < count; i++) out.set(pictures[from + i]!.pixels, i * IMAGE_BYTES);
    return out;
  };
  return by.embed({ count: pictures.length, side: SIDE, channels: 3, read });
}

/** Rank correlation of distance and strength; distances do not tie. */
function spearman(found: readonly Kid[]): number {
  const n = found.length;
  const order = found.map((_, i) => i).sort((i, j) => found[i]!.kid - found[j]!.kid);
  const squares = order.reduce((sum, strength, rank) => sum + (strength - rank) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

function shuffled(pictures: readonly Picture[], item: number): Picture[] {
  return Array.from(drawWithoutReplacement(stream(item, 5), pictures.length, pictures.length), (i) => pictures[i]!);
}

function text({ kid, standardError }: Kid): string {
  return `${kid.toPrecision(3)} ± ${standardError.toPrecision(2)}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
