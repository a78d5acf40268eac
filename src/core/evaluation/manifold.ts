/**
 * How far samples lie where training images lie, and how far they lie everywhere there. A ball around each image, as wide as the distance to its k-th
 * nearest other, stands for the set.
 */
import type { PairVisitor } from "./overPairs.ts";

/** k of precision and recall (Kynkäänniemi et al., NeurIPS 2019); a point on a ball's surface is inside. */
export const PRECISION_K = 3;
/** k of density and coverage (Naeem et al., ICML 2020); a point on a ball's surface is outside, as in their program. */
export const DENSITY_K = 5;

export interface Manifold {
  /** share of samples inside the ball of some training image */
  readonly precision: number;
  /** share of training images inside the ball of some sample */
  readonly recall: number;
  /** balls of training images that a sample lies in, over k, mean over samples: about 1 for training images themselves, and may be more */
  readonly density: number;
  /** share of training images with some sample in their ball */
  readonly coverage: number;
}

interface Radii {
  /** [n], squared radii around samples, of precision and recall */
  readonly samples: Float64Array;
  /** [m], the same around training images */
  readonly training: Float64Array;
  /** [m], those of density and coverage */
  readonly density: Float64Array;
}

/** Visits the pairs of samples (first set) and training images (second set). */
export class ManifoldCount implements PairVisitor {
  private precise = 0;
  private inBalls = 0;
  private readonly recalled: Uint8Array;
  private readonly covered: Uint8Array;

  constructor(private readonly radii: Radii) {
    this.recalled = new Uint8Array(radii.training.length);
    this.covered = new Uint8Array(radii.training.length);
  }

  row(i: number, _products: Float64Array, squares: Float64Array): void {
    const { samples, training, density } = this.radii;
    const radius = samples[i]!;
    let isPrecise = false;
    for (let j = 0; j < squares.length; j++) {
      const distance = squares[j]!;
      if (distance <= training[j]!) isPrecise = true;
      if (distance <= radius) this.recalled[j] = 1;
      if (distance < density[j]!) {
        this.inBalls++;
        this.covered[j] = 1;
      }
    }
    if (isPrecise) this.precise++;
  }

  result(): Manifold {
    const samples = this.radii.samples.length;
    return {
      precision: this.precise / samples,
      recall: shareOf(this.recalled),
      density: this.inBalls / (DENSITY_K * samples),
      coverage: shareOf(this.covered),
    };
  }
}

function shareOf(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
}
