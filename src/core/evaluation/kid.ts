/**
 * Kernel distance of two sets of images (KID; Binkowski et al., "Demystifying MMD GANs", ICLR 2018): the squared maximum mean discrepancy for the kernel
 * k(x, y) = (x·y / d + 1)^3, as an unbiased estimate from the whole sets, and its standard error.
 *
 * The error is that of drawing the images anew. A bootstrap over images is no way to it: an image drawn twice meets itself, and even with such pairs left
 * out the spread is up to sqrt(3) times too wide for sets that hardly differ, where the estimate's linear term vanishes. Its variance has a closed form
 * instead (Hoeffding's decomposition, as in Sutherland et al., ICLR 2017, here for sets of different sizes): a quadratic part that is always there, and
 * a linear one that grows with the distance itself. The interval holds the distances that the estimate does not contradict, each taken with the variance
 * that it would bring (a score interval, as Wilson's of a share): the usual one, estimate ± 1.96 errors, is too short above a small estimate.
 */
import type { PairVisitor } from "./overPairs.ts";

export interface Kid {
  readonly kid: number;
  readonly standardError: number;
  /** 95 %; what is estimated is never below 0 */
  readonly interval: readonly [number, number];
}

/** The least images a set must have for its error to be estimated. */
export const LEAST_FOR_KID = 4;

const NORMAL_975 = 1.959963984540054;

/** The kernel between the rows of two sets [n] and [m]; of a set with itself, without the pairs of a row with itself. */
export class KernelSums implements PairVisitor {
  /** [n], sums over the second set */
  readonly rows: Float64Array;
  /** [m], sums over the first set */
  readonly columns: Float64Array;
  /** sum of all squares */
  squares = 0;
  /** of a set with itself: sum over the pairs of a row with itself, which the other sums leave out */
  diagonal = 0;

  /** @param size d, features of an image */
  constructor(
    first: number,
    second: number,
    private readonly size: number,
    private readonly withItself: boolean,
  ) {
    this.rows = new Float64Array(first);
    this.columns = new Float64Array(second);
  }

  row(i: number, products: Float64Array): void {
    const { columns, size, withItself } = this;
    let sum = 0;
    let squares = 0;
    for (let j = 0; j < products.length; j++) {
      const base = products[j]! / size + 1;
      const k = base * base * base;
      if (withItself && i === j) {
        this.diagonal += k;
        continue;
      }
      sum += k;
      squares += k * k;
      columns[j] = columns[j]! + k;
    }
    this.rows[i] = sum;
    this.squares += squares;
  }
}

/**
 * @param ofFirst a set of n images with itself
 * @param ofSecond a set of m images with itself
 * @param between the first with the second
 * @throws RangeError where a set has fewer than LEAST_FOR_KID images
 */
export function kernelDistance(ofFirst: KernelSums, ofSecond: KernelSums, between: KernelSums): Kid {
  const n = ofFirst.rows.length;
  const m = ofSecond.rows.length;
  if (Math.min(n, m) < LEAST_FOR_KID)
    throw new RangeError(`KID and its error need ${LEAST_FOR_KID} images in each set`);
  const within = total(ofFirst.rows) / (n * (n - 1)) + total(ofSecond.rows) / (m * (m - 1));
  const across = (2 * total(between.rows)) / (n * m);
  const kid = within - across;

  const quadratic =
    (2 * centredSquareWithin(ofFirst)) / (n * (n - 1)) +
    (2 * centredSquareWithin(ofSecond)) / (m * (m - 1)) +
    (4 * centredSquareBetween(between)) / (n * m);
  // How the linear part grows with the distance: both as the sample itself has them, without the corrections that can turn them negative.
  const linear =
    (4 / n) * linearVariance(ofFirst, between.rows, m) + (4 / m) * linearVariance(ofSecond, between.columns, n);
  const biased = meanWithItself(ofFirst) + meanWithItself(ofSecond) - across;
  const slope = biased > 0 ? linear / biased : 0;
  return {
    kid,
    standardError: Math.sqrt(quadratic + slope * Math.max(0, kid)),
    interval: scoreInterval(kid, quadratic, slope),
  };
}

/** All θ >= 0 with (estimate - θ)² <= 1.96² (quadratic + slope θ). */
function scoreInterval(estimate: number, quadratic: number, slope: number): [number, number] {
  const middle = estimate + (NORMAL_975 ** 2 * slope) / 2;
  const inside = quadratic + slope * estimate + (NORMAL_975 * slope) ** 2 / 4;
  const reach = NORMAL_975 * Math.sqrt(Math.max(0, inside));
  return [Math.max(0, middle - reach), Math.max(0, middle + reach)];
}

function meanWithItself({ rows, diagonal }: KernelSums): number {
  return (total(rows) + diagonal) / rows.length ** 2;
}

/**
 * Unbiased estimate of E[k̃(x, x')²], k̃ the kernel less its means given either image: U-centring (Székely and Rizzo 2014), whose sum of squares follows
 * from the sums of rows and of squares.
 */
function centredSquareWithin({ rows, squares }: KernelSums): number {
  const n = rows.length;
  const sum = squares - (2 / (n - 2)) * total(rows.map((row) => row * row)) + total(rows) ** 2 / ((n - 1) * (n - 2));
  return Math.max(0, sum) / (n * (n - 3));
}

/** The same between two sets: the mean square that row and column means leave over. */
function centredSquareBetween({ rows, columns, squares }: KernelSums): number {
  const n = rows.length;
  const m = columns.length;
  const ofRows = total(rows.map((row) => row * row)) / m;
  const ofColumns = total(columns.map((column) => column * column)) / n;
  return Math.max(0, squares - ofRows - ofColumns + total(rows) ** 2 / (n * m)) / ((n - 1) * (m - 1));
}

/** Variance of a(x) = E k(x, x') - E k(x, y) over the n images x of a set, from its means over the images at hand. */
function linearVariance({ rows }: KernelSums, others: Float64Array, otherCount: number): number {
  const n = rows.length;
  // n - 2, not n - 1: the sum over all others holds the image's own share of the mean with the other sign.
  const means = rows.map((sum, i) => sum / (n - 2) - others[i]! / otherCount);
  const mean = total(means) / n;
  return total(means.map((value) => (value - mean) ** 2)) / (n - 1);
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
