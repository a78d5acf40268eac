/** Which images are kept out of training, so that what was learned can be held against images that nobody has learned from. */

/**
 * Decided by what an image looks like, and by nothing else: equal images are on the same side, seeds, names and other images change nothing, and what a share
 * holds out a larger one does, too.
 * @param digest of the image's pixels, at least 4 bytes, as good as random
 * @param share of the images that are held out, 0 to 1
 */
export function isHeldOut(digest: Uint8Array, share: number): boolean {
  const word = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
  return word / 2 ** 32 < share;
}
