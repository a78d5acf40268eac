/** Which evaluations can be compared: distances of other images, numbers of images, features, samplers or guidance are other quantities. */
import { count } from "../numbers.ts";
import type { Evaluation } from "./evaluations.ts";
import { guidanceText } from "./guidanceRecord.ts";

interface Condition {
  /** equal where it may be compared */
  readonly of: (evaluation: Evaluation) => unknown;
  /** what an evaluation has that differs in it */
  readonly other: (evaluation: Evaluation) => string;
}

const CONDITIONS: readonly Condition[] = [
  { of: ({ space, spaceVersion }) => [space, spaceVersion], other: ({ space }) => `other space (${space})` },
  { of: ({ data }) => data, other: () => "other training images" },
  { of: ({ samples }) => samples, other: ({ samples }) => `other number of samples (${count(samples)})` },
  {
    of: ({ trainingImages }) => trainingImages,
    other: ({ trainingImages }) => `other number of training images (${count(trainingImages)})`,
  },
  {
    of: ({ sampler, samplerSteps, eta }) => [sampler, samplerSteps, eta],
    other: ({ sampler, samplerSteps }) => `other sampler (${sampler}, ${samplerSteps} steps)`,
  },
  // Those of earlier versions do not say it: they are taken to be as most are.
  { of: ({ clip = true }) => clip, other: ({ clip }) => `predictions ${clip === false ? "not clamped" : "clamped"}` },
  { of: ({ guidance }) => guidance, other: ({ guidance }) => `other guidance (${guidanceText(guidance)})` },
  { of: ({ classes }) => classes, other: ({ classes }) => `other classes (${classes?.join(", ") ?? "all"})` },
  { of: ({ weights }) => weights, other: ({ weights }) => `other weights (${weights})` },
];

const key = (evaluation: Evaluation): string => JSON.stringify(CONDITIONS.map(({ of }) => of(evaluation)));

/** Why an evaluation cannot be compared with a reference; none: it can. */
export const obstacles = (evaluation: Evaluation, reference: Evaluation): string[] =>
  CONDITIONS.filter(({ of }) => JSON.stringify(of(evaluation)) !== JSON.stringify(of(reference))).map(({ other }) =>
    other(evaluation),
  );

/**
 * One of the evaluations that most of the others can be compared with, of two such the newer one's.
 * @returns null: there are none
 */
export function referenceAmong(evaluations: readonly Evaluation[]): Evaluation | null {
  const groups = new Map<string, Evaluation[]>();
  for (const evaluation of evaluations) {
    const group = groups.get(key(evaluation));
    if (group === undefined) groups.set(key(evaluation), [evaluation]);
    else group.push(evaluation);
  }
  let best: readonly Evaluation[] = [];
  for (const group of groups.values()) {
    if (group.length > best.length || (group.length === best.length && newest(group) > newest(best))) best = group;
  }
  return best[0] ?? null;
}

const newest = (group: readonly Evaluation[]): number => Math.max(...group.map(({ time }) => Date.parse(time)));
