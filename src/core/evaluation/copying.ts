/**
 * Whether samples are copies of training images: are they nearer to one than images are that the network has never seen? Held-out images are of the same
 * kind as training images and no copies, so they say how near is near.
 */

/** Of some images: squared distances to their nearest and their second nearest training image, each [n]. */
export interface TwoNearest {
  readonly first: Float64Array;
  readonly second: Float64Array;
}

export interface Copying {
  /** estimated share of copies among the samples, 0 to 1: how many more of them are near than of the held-out images */
  readonly share: number;
  /** share of samples nearer to a training image than all but the nearest 5 % of held-out images are */
  readonly near: number;
  /** share of held-out images that near: about 5 % */
  readonly nearHeldOut: number;
  /** share of samples with less than NEAR_COPY of the distance to the second nearest training image to the nearest one */
  readonly nearCopies: number;
  /** the same share of held-out images */
  readonly nearCopiesHeldOut: number;
}

/** Copies lie at the near end; a threshold further out only adds chance. */
const NEAR_QUANTILE = 0.05;

/** Of distances (Bonnaire et al., NeurIPS 2025, arXiv 2505.17638). */
const NEAR_COPY = 1 / 3;

/**
 * @param samples n of them
 * @param heldOut h >= 1
 */
export function copying(samples: TwoNearest, heldOut: TwoNearest): Copying {
  const threshold = heldOut.first.toSorted()[Math.floor(NEAR_QUANTILE * heldOut.first.length)]!;
  const near = shareOf(samples, (first) => first < threshold);
  const nearHeldOut = shareOf(heldOut, (first) => first < threshold);
  return {
    // A share c of copies, all near, and the rest as near as held-out images are: near = c + (1 - c) nearHeldOut.
    share: Math.max(0, (near - nearHeldOut) / (1 - nearHeldOut)),
    ...{ near, nearHeldOut },
    nearCopies: shareOf(samples, isNearCopy),
    nearCopiesHeldOut: shareOf(heldOut, isNearCopy),
  };
}

/** The same image is a copy also where it is twice among the training images. */
const isNearCopy = (first: number, second: number): boolean => first === 0 || first < NEAR_COPY ** 2 * second;

function shareOf({ first, second }: TwoNearest, holds: (first: number, second: number) => boolean): number {
  return first.reduce((count, value, i) => count + Number(holds(value, second[i]!)), 0) / first.length;
}
