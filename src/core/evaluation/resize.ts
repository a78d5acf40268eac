/**
 * Resizes images as Pillow does in float: a bicubic kernel (a = -1/2), widened by the scale where the image shrinks, the values not rounded. It is the
 * resize of clean-fid (Parmar et al., CVPR 2022), and does not depend on a library's version.
 */

/** Width in source pixels to either side of the kernel. */
const SUPPORT = 2;

interface Taps {
  /** first source pixel */
  readonly from: number;
  readonly weights: Float64Array;
}

/**
 * @param pixels one square image, [side, side, channels], any numbers
 * @param out receives [target, target, channels]
 */
export function resizeSquare(
  pixels: ArrayLike<number>,
  side: number,
  channels: number,
  target: number,
  out: Float32Array,
): void {
  if (side === target) {
    for (let i = 0; i < out.length; i++) out[i] = pixels[i]!;
    return;
  }
  const taps = tapsOf(side, target);
  const rows = new Float64Array(side * target * channels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < target; x++) {
      const { from, weights } = taps[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * pixels[(y * side + from + k) * channels + c]!;
        rows[(y * target + x) * channels + c] = sum;
      }
    }
  }
  const width = target * channels;
  for (let y = 0; y < target; y++) {
    const { from, weights } = taps[y]!;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * rows[(from + k) * width + x]!;
      out[y * width + x] = sum;
    }
  }
}

const known = new Map<string, readonly Taps[]>();

function tapsOf(side: number, target: number): readonly Taps[] {
  const key = `${side}>${target}`;
  const found = known.get(key) ?? Array.from({ length: target }, (_, i) => tapsAt(i, side, target));
  known.set(key, found);
  return found;
}

/** Source pixels of the target's i-th, and their weights, which sum to 1; beyond the edge there are none. */
function tapsAt(i: number, side: number, target: number): Taps {
  const scale = side / target;
  const stretch = Math.max(1, scale);
  const centre = (i + 0.5) * scale;
  const reach = SUPPORT * stretch;
  const from = Math.max(0, Math.floor(centre - reach + 0.5));
  const to = Math.min(side, Math.floor(centre + reach + 0.5));
  const weights = Float64Array.from({ length: to - from }, (_, k) => cubic((from + k + 0.5 - centre) / stretch));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { from, weights: weights.map((weight) => weight / sum) };
}

/** Keys' cubic convolution kernel with a = -1/2. */
function cubic(offset: number): number {
  const x = Math.abs(offset);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}
