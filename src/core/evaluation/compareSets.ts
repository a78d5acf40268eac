/** All measures of a set of samples against the images they were learned from, in one space of features. */
import { type Copying, copying, type TwoNearest } from "./copying.ts";
import { type Features, selectFeatures } from "./features.ts";
import { frechetDistance, moments } from "./frechet.ts";
import { KernelSums, type Kid, kernelDistance } from "./kid.ts";
import { DENSITY_K, type Manifold, ManifoldCount, PRECISION_K } from "./manifold.ts";
import { NearestDistances, NearestOther } from "./neighbours.ts";
import { overPairs, type PairVisitor } from "./overPairs.ts";
import { componentsFor, principal, project } from "./principal.ts";

/** A set with what it says about itself alone: computed once, compared with many. */
export interface KnownSet {
  readonly features: Features;
  readonly kernel: KernelSums;
  readonly nearest: NearestDistances;
}

export interface Frechet {
  readonly distance: number;
  /** components of the training images' features that it was measured in; null: all features */
  readonly components: number | null;
}

export interface Comparison {
  readonly kid: Kid;
  readonly frechet: Frechet;
  readonly manifold: Manifold;
  /** [n], number of the training image nearest to each sample */
  readonly nearest: Int32Array;
  /** [n], squared distance to it */
  readonly nearestSquared: Float64Array;
}

export function knownSet(features: Features): KnownSet {
  const kernel = new KernelSums(features.count, features.count, features.size, true);
  const nearest = new NearestDistances(features.count, Math.max(PRECISION_K, DENSITY_K), true);
  overPairs(features, features, [kernel, nearest]);
  return { features, kernel, nearest };
}

/** @throws RangeError where a set has too few images for kernelDistance */
export function compareSets(samples: KnownSet, training: KnownSet): Comparison {
  const { features } = samples;
  const kernel = new KernelSums(features.count, training.features.count, features.size, false);
  const nearest = new NearestOther(features.count);
  const manifold = new ManifoldCount({
    samples: samples.nearest.radii(PRECISION_K),
    training: training.nearest.radii(PRECISION_K),
    density: training.nearest.radii(DENSITY_K),
  });
  overPairs(features, training.features, [kernel, nearest, manifold]);
  return {
    kid: kernelDistance(samples.kernel, training.kernel, kernel),
    frechet: frechet(features, training.features),
    manifold: manifold.result(),
    nearest: nearest.index,
    nearestSquared: nearest.squared,
  };
}

/** KID alone. @param ofFirst what is known of the first set already */
export function kidOf(first: Features, second: Features, ofFirst = kernelWithin(first)): Kid {
  const between = new KernelSums(first.count, second.count, first.size, false);
  overPairs(first, second, [between]);
  return kernelDistance(ofFirst, kernelWithin(second), between);
}

/** The least KID to hope for: that of two halves of the same images, which differ by chance alone. @param order a random order of the images */
export function kidFloor(features: Features, order: ArrayLike<number>): Kid {
  const rows = Array.from(order);
  const half = rows.length >> 1;
  return kidOf(selectFeatures(features, rows.slice(0, half)), selectFeatures(features, rows.slice(half)));
}

/**
 * @param unseen images of the same kind that are no copies
 * @param others the training images that those are held against, default all
 * @param passing told of the pairs of samples and training images, too
 * @see copying
 */
export function copyingOf(
  samples: Features,
  unseen: Features,
  training: Features,
  others = training,
  passing: readonly PairVisitor[] = [],
): Copying {
  return copying(twoNearest(samples, training, passing), twoNearest(unseen, others));
}

function twoNearest(features: Features, training: Features, passing: readonly PairVisitor[] = []): TwoNearest {
  const nearest = new NearestDistances(features.count, 2, false);
  overPairs(features, training, [nearest, ...passing]);
  return { first: nearest.radii(1), second: nearest.radii(2) };
}

function frechet(samples: Features, training: Features): Frechet {
  const components = componentsFor(Math.min(samples.count, training.count), samples.size);
  if (components === null) return { distance: frechetDistance(moments(samples), moments(training)), components };
  const directions = principal(training, components);
  const [a, b] = [project(samples, directions), project(training, directions)];
  return { distance: frechetDistance(moments(a), moments(b)), components };
}

function kernelWithin(features: Features): KernelSums {
  const sums = new KernelSums(features.count, features.count, features.size, true);
  overPairs(features, features, [sums]);
  return sums;
}
