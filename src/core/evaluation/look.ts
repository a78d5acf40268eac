/**
 * How samples look beside the training images, told without a network: whether patches show as squares, whether the picture is grainy, whether the
 * background is as plain. Each is a quotient of the samples over the same of the training images, so that 1 is as good as these.
 *
 * The standard error is that of drawing both sets anew: the delta method, on means over images.
 */
import { flatShare, grainOf, jumps } from "./pixelMeasures.ts";
import type { ImageSet } from "./showImages.ts";

export interface Measured {
  readonly value: number;
  readonly standardError: number;
}

/** null: it cannot be told of these images */
export interface Look {
  /** jumps across patch borders over jumps inside patches; null: one patch or patches of one pixel, or images without any jumps */
  readonly borderRatio: Measured | null;
  /** energy that a 3 x 3 median takes away; null: the training images have none */
  readonly grain: Measured | null;
  /** share of pixels of the background's colour; null: less than LEAST_FLAT of the training images' */
  readonly flatBackground: Measured | null;
}

/** What looks depend on besides the images. */
export interface LookSettings {
  /** of the model, in pixels */
  readonly patchSize: number;
  /** a byte for each channel */
  readonly background: readonly number[];
}

/** Training images have a plain background if so much of them is it. */
export const LEAST_FLAT = 0.01;

const PAGE = 64;

/** @param samples at least two, of the size of the training images; @param training at least two */
export function lookOf(samples: ImageSet, training: ImageSet, settings: LookSettings): Look {
  const [own, reference] = [quotients(samples, settings), quotients(training, settings)];
  const hasBackground = reference.flatBackground.value >= LEAST_FLAT;
  return {
    borderRatio: relative(own.borderRatio, reference.borderRatio),
    grain: relative(own.grain, reference.grain),
    flatBackground: hasBackground ? relative(own.flatBackground, reference.flatBackground) : null,
  };
}

/** Of a set: a mean over images, or a quotient of two such, and the variance that it has by the choice of the images. */
interface Quotient {
  readonly value: number;
  readonly variance: number;
}

function quotients(images: ImageSet, { patchSize, background }: LookSettings): Record<keyof Look, Quotient> {
  const { count, side, channels } = images;
  const length = side * side * channels;
  const [across, inside, grain, flat] = [0, 1, 2, 3].map(() => new Float64Array(count)) as Columns;
  for (let from = 0; from < count; from += PAGE) {
    const page = images.read(from, Math.min(PAGE, count - from));
    for (let i = 0; i * length < page.length; i++) {
      const pixels = page.subarray(i * length, (i + 1) * length);
      const found = jumps(pixels, side, channels, patchSize);
      across[from + i] = found.across;
      inside[from + i] = found.inside;
      grain[from + i] = grainOf(pixels, side, channels);
      flat[from + i] = flatShare(pixels, background);
    }
  }
  const ones = new Float64Array(count).fill(1);
  return { borderRatio: quotient(across, inside), grain: quotient(grain, ones), flatBackground: quotient(flat, ones) };
}

type Columns = [Float64Array, Float64Array, Float64Array, Float64Array];

/** q = ā / b̄ of n images; var q ≈ var(a - q b) / (n b̄²), with n - 1. */
function quotient(above: Float64Array, below: Float64Array): Quotient {
  const n = above.length;
  const divisor = mean(below);
  const value = mean(above) / divisor;
  const squares = above.map((a, i) => (a - value * below[i]!) ** 2);
  return { value, variance: mean(squares) / (n - 1) / divisor ** 2 };
}

/** r = q / p; var r ≈ (var q + r² var p) / p². */
function relative(samples: Quotient, training: Quotient): Measured | null {
  const value = samples.value / training.value;
  if (!Number.isFinite(value)) return null;
  return { value, standardError: Math.sqrt(samples.variance + value ** 2 * training.variance) / training.value };
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
