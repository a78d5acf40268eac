/** What samples are held against besides the training images: images that nobody has learned from, or what stands in for them where none were held out. */
import { UserError } from "../errors.ts";
import { plural } from "../numbers.ts";
import { drawWithoutReplacement, RandomStream } from "../random/streams.ts";
import { copyingOf, kidFloor, kidOf } from "./compareSets.ts";
import type { Copying } from "./copying.ts";
import { type Features, selectFeatures } from "./features.ts";
import type { Kid } from "./kid.ts";
import type { PairVisitor } from "./overPairs.ts";

/** Images of a set that every pair of is looked at: more take long and say little more. */
export const MOST_COMPARED = 3000;
/** Fewer images say nothing about a set. */
export const LEAST_IMAGES = 20;
const MOST_STAND_INS = 1000;

/**
 * @param pixels digests of the training images' pixels
 * @param remedy what to do, a sentence
 * @throws UserError where the images are too few, or too few different ones, to say anything about a set
 */
export function requireVariety(pixels: readonly string[], remedy = "Add images to data.path."): void {
  const different = new Set(pixels).size;
  if (different >= LEAST_IMAGES) return;
  throw new UserError(
    `There ${different === 1 ? "is 1 different image" : `are ${different} different images`} among the ${plural(pixels.length, "training image")}: too few to measure samples by, which takes ${LEAST_IMAGES}. ${remedy}`,
  );
}

/** Positions of at most so many of the images, ascending; the same whenever it is asked. */
export function someOf(count: number, most: number): Uint32Array {
  if (count <= most) return Uint32Array.from({ length: count }, (_, i) => i);
  return shuffled(count).slice(0, most).sort();
}

/**
 * KID that chance alone brings.
 * @param heldOut images that were not trained on; null: the other half of the training images stands in
 */
export function floorOf(training: Features, heldOut: Features | null): Kid {
  const order = shuffled(training.count);
  if (heldOut === null) return kidFloor(training, order);
  return kidOf(selectFeatures(training, order.subarray(0, training.count >> 1)), heldOut);
}

/**
 * @param heldOut as for floorOf; null: some training images stand in, held against the others
 * @param passing as for copyingOf
 */
export function copyingAmong(
  samples: Features,
  training: Features,
  heldOut: Features | null,
  passing: readonly PairVisitor[] = [],
): Copying {
  if (heldOut !== null) return copyingOf(samples, heldOut, training, training, passing);
  const order = shuffled(training.count);
  const tenth = Math.max(LEAST_IMAGES, Math.round(training.count / 10));
  const standIns = Math.min(MOST_STAND_INS, tenth, training.count >> 1);
  const others = selectFeatures(training, order.subarray(standIns));
  return copyingOf(samples, selectFeatures(training, order.subarray(0, standIns)), training, others, passing);
}

function shuffled(count: number): Uint32Array {
  const stream = new RandomStream({ seed: 0, stage: "pretrain", stream: "order", step: 0, item: 0 });
  return drawWithoutReplacement(stream, count, count);
}
