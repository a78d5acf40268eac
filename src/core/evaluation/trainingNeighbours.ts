/** Which samples are most suspicious of being copies, and of which training image each would be one. */
import { NearestDistances, NearestOther } from "./neighbours.ts";
import type { PairVisitor } from "./overPairs.ts";

/** A sample and the training image nearest to it. */
export interface NeighbourPair {
  /** number of the sample */
  readonly sample: number;
  /** number of the training image, among those that the samples were compared with */
  readonly image: number;
  /** Euclidean, of their features */
  readonly distance: number;
  /** that distance to the mean one of the sample's nearest training images; 0 … 1 */
  readonly ratio: number;
  /** whether the sample counts as near in the share of copies */
  readonly near: boolean;
}

/** Nearest training images that say how far is usual: so many copies of one image among them hide nothing. */
export const USUAL_K = 50;

/**
 * Gathers the pairs as they pass. A plain image is near to many others, and no copy for that: what counts is its distance to the nearest in proportion
 * to those of its USUAL_K nearest (Carlini et al. 2023, section 5.1, without their factor α).
 */
export class TrainingNeighbours implements PairVisitor {
  private readonly nearest: NearestOther;
  private readonly usual: NearestDistances;

  constructor(samples: number) {
    this.nearest = new NearestOther(samples);
    this.usual = new NearestDistances(samples, USUAL_K, false);
  }

  row(i: number, products: Float64Array, squares: Float64Array): void {
    this.nearest.row(i, products, squares);
    this.usual.row(i, products, squares);
  }

  /**
   * The most suspicious first.
   * @param nearShare share of samples that are near: copying.near
   */
  mostSuspicious(most: number, nearShare: number): NeighbourPair[] {
    const { index, squared } = this.nearest;
    // Those that are not near begin at the threshold, wherever it was.
    const threshold = squared.toSorted()[Math.round(nearShare * squared.length)] ?? Number.POSITIVE_INFINITY;
    const pairs = Array.from(this.usual.means(), (mean, sample): NeighbourPair => {
      const distance = Math.sqrt(squared[sample]!);
      const ratio = distance === 0 ? 0 : distance / mean;
      return { sample, image: index[sample]!, distance, ratio, near: squared[sample]! < threshold };
    });
    return pairs.sort((a, b) => a.ratio - b.ratio || a.distance - b.distance).slice(0, most);
  }
}
