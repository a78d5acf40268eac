/** All that an evaluation says, from its images and their features. */
import type { Drawing } from "../run/drawing.ts";
import type { Evaluation } from "../run/evaluations.ts";
import { compareSets, kidOf, knownSet } from "./compareSets.ts";
import type { Features } from "./features.ts";
import type { Kid } from "./kid.ts";
import { type LookSettings, lookOf } from "./look.ts";
import type { PairVisitor } from "./overPairs.ts";
import { copyingAmong, floorOf } from "./references.ts";
import type { ImageSet } from "./showImages.ts";

/** Images in a space of features. */
export interface EmbeddedSets {
  readonly space: { readonly name: string; readonly version: string };
  readonly samples: Features;
  readonly training: Features;
  /** null: none, or too few to say anything */
  readonly heldOut: Features | null;
}

type Told = "drawn" | "data" | "trainingImagesOf" | "heldOutImages" | "note" | "classes";

interface MeasureRequest extends Pick<Evaluation, Told> {
  readonly drawing: Drawing;
  /** for everything but copying */
  readonly compared: EmbeddedSets;
  /** where copies are looked for */
  readonly searched: EmbeddedSets;
  /** the images themselves */
  readonly seen: LookSettings & { readonly samples: ImageSet; readonly training: ImageSet };
  /** told of the pairs of samples and training images there */
  readonly passing?: readonly PairVisitor[];
}

/** Each takes its time. */
const COMPUTATIONS = 7;

/** @param pause called between long computations, so that signals are heard and progress is shown; how many are done, of how many */
export async function measureSets(
  request: MeasureRequest,
  pause: (done: number, total: number) => Promise<unknown>,
): Promise<Evaluation> {
  const { drawing, compared, searched, seen, passing, drawn, data, trainingImagesOf, heldOutImages, note, classes } =
    request;
  let done = 0;
  await pause(done, COMPUTATIONS);
  const inTurn = async <T>(work: () => T): Promise<T> => {
    const result = work();
    await pause(++done, COMPUTATIONS);
    return result;
  };
  const samples = await inTurn(() => knownSet(compared.samples));
  const training = await inTurn(() => knownSet(compared.training));
  const { kid, frechet, manifold } = await inTurn(() => compareSets(samples, training));
  const floor = await inTurn(() => floorOf(compared.training, compared.heldOut));
  const { heldOut } = compared;
  const toHeldOut = await inTurn(() => heldOut && kidOf(compared.samples, heldOut, samples.kernel));
  const look = await inTurn(() => lookOf(seen.samples, seen.training, seen));
  const copying = await inTurn(() => copyingAmong(searched.samples, searched.training, searched.heldOut, passing));
  const reference = heldOut === null ? "training images" : "held-out images";
  return {
    type: "evaluation",
    time: new Date().toISOString(),
    run: drawing.run,
    stage: drawing.stage,
    step: drawing.step,
    weights: drawing.weights,
    samples: compared.samples.count,
    seed: drawing.seed,
    sampler: drawing.sampler,
    samplerSteps: drawing.steps,
    eta: drawing.eta,
    clip: drawing.clip,
    ...(drawing.guidance === undefined ? {} : { guidance: drawing.guidance }),
    ...(classes === undefined ? {} : { classes }),
    drawn,
    trainingImages: compared.training.count,
    trainingImagesOf,
    heldOutImages,
    data,
    ...(note === undefined ? {} : { note }),
    space: compared.space.name,
    spaceVersion: compared.space.version,
    kid: recorded(kid),
    kidHeldOut: toHeldOut && recorded(toHeldOut),
    kidFloor: { value: floor.kid, standardError: floor.standardError, against: reference },
    frechet,
    ...manifold,
    look,
    copying: {
      share: copying.share,
      near: copying.near,
      nearUnseen: copying.nearHeldOut,
      nearCopies: { share: copying.nearCopies, unseen: copying.nearCopiesHeldOut },
      unseen: reference,
      trainingImages: searched.training.count,
      space: searched.space.name,
    },
    backend: drawing.backend,
    versions: drawing.versions,
  };
}

const recorded = ({ kid, standardError, interval: [low, high] }: Kid): Evaluation["kid"] => ({
  ...{ value: kid, standardError, low, high },
});
