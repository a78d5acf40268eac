/** A line as a chart holds it: points that are replaced from some x on. */
import { lowerBound } from "./columns.ts";

export class Line {
  xs = new Float64Array(256);
  ys = new Float32Array(256);
  length = 0;

  /**
   * Drops the points at or beyond x, and puts others in their place.
   * @param from -Infinity: all
   */
  replaceFrom(from: number, xs: Float64Array, ys: Float32Array): void {
    const kept = from === Number.NEGATIVE_INFINITY ? 0 : lowerBound(this.xs, this.length, from);
    const length = kept + xs.length;
    if (length > this.xs.length) {
      const roomy = Math.ceil(1.5 * length);
      const moreXs = new Float64Array(roomy);
      const moreYs = new Float32Array(roomy);
      moreXs.set(this.xs.subarray(0, kept));
      moreYs.set(this.ys.subarray(0, kept));
      this.xs = moreXs;
      this.ys = moreYs;
    }
    this.xs.set(xs, kept);
    this.ys.set(ys, kept);
    this.length = length;
  }

  /** Index of the point nearest to x that has a value; null: there is none, or x lies outside the line by more than `slack`. */
  nearest(x: number, slack: number): number | null {
    const { xs, ys, length } = this;
    if (length === 0 || x < xs[0]! - slack || x > xs[length - 1]! + slack) return null;
    let after = lowerBound(xs, length, x);
    let before = after - 1;
    while (after < length && Number.isNaN(ys[after]!)) after++;
    while (before >= 0 && Number.isNaN(ys[before]!)) before--;
    if (after >= length) return before >= 0 ? before : null;
    if (before < 0) return after;
    return xs[after]! - x < x - xs[before]! ? after : before;
  }
}
