/** What the pixels of one image say of its look: jumps across patch borders, grain, plain background. Images are uint8 [side, side, channels]. */

/** Mean |difference| of horizontal and vertical neighbours, all channels alike, in steps of 1 of 255. */
export interface Jumps {
  /** of neighbours in two patches; NaN: there is one patch only */
  readonly across: number;
  /** of neighbours in one patch; NaN: a patch is a pixel */
  readonly inside: number;
}

/** @param patchSize side of a patch in pixels, a divisor of the image's */
export function jumps(pixels: Uint8Array, side: number, channels: number, patchSize: number): Jumps {
  let across = 0;
  let inside = 0;
  const row = side * channels;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let c = 0; c < channels; c++) {
        const at = y * row + x * channels + c;
        if (x > 0) {
          const jump = Math.abs(pixels[at]! - pixels[at - channels]!);
          if (x % patchSize === 0) across += jump;
          else inside += jump;
        }
        if (y > 0) {
          const jump = Math.abs(pixels[at]! - pixels[at - row]!);
          if (y % patchSize === 0) across += jump;
          else inside += jump;
        }
      }
    }
  }
  const borders = side / patchSize - 1;
  return { across: across / (2 * row * borders), inside: inside / (2 * row * (side - 1 - borders)) };
}

/** Mean square of what the median of its 3 x 3 neighbourhood leaves of a value, channel by channel; beyond an edge its pixels are repeated. */
export function grainOf(pixels: Uint8Array, side: number, channels: number): number {
  // Columns of three, sorted: the median of nine is that of the largest low, the middle of the middles and the smallest high one.
  const low = new Uint8Array(side);
  const middle = new Uint8Array(side);
  const high = new Uint8Array(side);
  let energy = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < side; y++) {
      const start = (row: number): number => Math.min(side - 1, Math.max(0, row)) * side * channels + c;
      const [above, here, below] = [start(y - 1), start(y), start(y + 1)];
      for (let x = 0; x < side; x++) {
        const at = x * channels;
        const [p, q, r] = [pixels[above + at]!, pixels[here + at]!, pixels[below + at]!];
        low[x] = Math.min(p, q, r);
        middle[x] = middleOf(p, q, r);
        high[x] = Math.max(p, q, r);
      }
      for (let x = 0; x < side; x++) {
        const [left, right] = [Math.max(0, x - 1), Math.min(side - 1, x + 1)];
        const median = middleOf(
          Math.max(low[left]!, low[x]!, low[right]!),
          middleOf(middle[left]!, middle[x]!, middle[right]!),
          Math.min(high[left]!, high[x]!, high[right]!),
        );
        energy += (pixels[here + x * channels]! - median) ** 2;
      }
    }
  }
  return energy / pixels.length;
}

/** A change of so many of 255 is not seen. */
const UNSEEN = 2;

/** Share of pixels that are the background, within 2 of 255 in every channel. @param background a byte for each channel */
export function flatShare(pixels: Uint8Array, background: readonly number[]): number {
  const channels = background.length;
  let flat = 0;
  for (let at = 0; at < pixels.length; at += channels) {
    let isFlat = true;
    for (let c = 0; c < channels; c++) {
      if (Math.abs(pixels[at + c]! - background[c]!) > UNSEEN) isFlat = false;
    }
    if (isFlat) flat++;
  }
  return (channels * flat) / pixels.length;
}

const middleOf = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
