/**
 * Whether samples are copies of training images: are they nearer to one than images are that the network has never seen? Held-out images are of the same
 * kind as training images and no copies, so they say how near is near.
 */

export interface Copying {
  /** estimated share of copies among the samples, 0 to 1: how many more of them are near than of the held-out images */
  readonly share: number;
  /** share of samples nearer to a training image than all but the nearest 5 % of held-out images are */
  readonly near: number;
  /** share of held-out images that near: about 5 % */
  readonly nearHeldOut: number;
}

/** Copies lie at the near end; a threshold further out only adds chance. */
const NEAR_QUANTILE = 0.05;

/**
 * @param samples [n], distance (or its square) of each sample to its nearest training image
 * @param heldOut [h], that of each held-out image, h >= 1
 */
export function copying(samples: Float64Array, heldOut: Float64Array): Copying {
  const threshold = heldOut.toSorted()[Math.floor(NEAR_QUANTILE * heldOut.length)]!;
  const near = shareBelow(samples, threshold);
  const nearHeldOut = shareBelow(heldOut, threshold);
  // A share c of copies, all near, and the rest as near as held-out images are: near = c + (1 - c) nearHeldOut.
  return { share: Math.max(0, (near - nearHeldOut) / (1 - nearHeldOut)), near, nearHeldOut };
}

function shareBelow(values: Float64Array, threshold: number): number {
  return values.reduce((count, value) => count + Number(value < threshold), 0) / values.length;
}
