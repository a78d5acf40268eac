/** Nearest neighbours of images, by the Euclidean distance of their features. */
import type { PairVisitor } from "./overPairs.ts";

/** The nearest image of the second set for each of the first. */
export class NearestOther implements PairVisitor {
  /** [n], its number */
  readonly index: Int32Array;
  /** [n], squared distance to it */
  readonly squared: Float64Array;

  constructor(first: number) {
    this.index = new Int32Array(first).fill(-1);
    this.squared = new Float64Array(first).fill(Number.POSITIVE_INFINITY);
  }

  row(i: number, _products: Float64Array, squares: Float64Array): void {
    let best = 0;
    for (let j = 1; j < squares.length; j++) if (squares[j]! < squares[best]!) best = j;
    this.index[i] = best;
    this.squared[i] = squares[best]!;
  }
}

/** For each image the squared distances to its k nearest images of a set, ascending; infinite where that has fewer. */
export class NearestDistances implements PairVisitor {
  /** [n, k] */
  private readonly found: Float64Array;

  /** @param ownSet whether the images are those of the set: none is its own neighbour */
  constructor(
    count: number,
    private readonly k: number,
    private readonly ownSet: boolean,
  ) {
    this.found = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  }

  row(i: number, _products: Float64Array, squares: Float64Array): void {
    const list = this.found.subarray(i * this.k, (i + 1) * this.k);
    for (let j = 0; j < squares.length; j++) {
      const distance = squares[j]!;
      if (distance >= list[this.k - 1]! || (this.ownSet && j === i)) continue;
      let place = this.k - 1;
      for (; place > 0 && list[place - 1]! > distance; place--) list[place] = list[place - 1]!;
      list[place] = distance;
    }
  }

  /** [n], squared distances to the k-th nearest; 1 <= k <= the constructor's. */
  radii(k: number): Float64Array {
    return Float64Array.from({ length: this.found.length / this.k }, (_, i) => this.found[i * this.k + k - 1]!);
  }

  /** [n], mean distance to those that were found; 0: none were. */
  means(): Float64Array {
    return Float64Array.from({ length: this.found.length / this.k }, (_, i) => {
      const list = this.found.subarray(i * this.k, (i + 1) * this.k).filter(Number.isFinite);
      return list.reduce((sum, squared) => sum + Math.sqrt(squared), 0) / Math.max(1, list.length);
    });
  }
}
