/** Draws samples of a run, measures them against the images that it learned from, and writes what was found into its folder. */
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { UserError } from "../../core/errors.ts";
import { compareSets, knownSet } from "../../core/evaluation/compareSets.ts";
import type { Features } from "../../core/evaluation/features.ts";
import { copyingAmong, floorOf, LEAST_IMAGES, someOf } from "../../core/evaluation/references.ts";
import { plural } from "../../core/numbers.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { experimentBehind } from "../../node/run/experimentOfRun.ts";
import { EXPERIMENT_FILE } from "../../node/run/runFiles.ts";
import { dataFingerprint, imageList } from "../data/dataFingerprint.ts";
import { type Dataset, openDataset } from "../data/dataset.ts";
import type { ImageView } from "../data/imageView.ts";
import { cacheFolder } from "../data/pixelCache.ts";
import { findNetwork, type NetworkRequest } from "../loop/runNetwork.ts";
import { engineThreads } from "../loop/session.ts";
import { AppendFile } from "../run/appendFile.ts";
import { type DrawnSamples, drawnSamples } from "./drawnSamples.ts";
import { DEFAULT_SPACE, type FeatureSpace, openSpace } from "./featureSpace.ts";
import { keptFeatures } from "./keptFeatures.ts";

/** Where copies of training images stay near them, and other images do not: docs/evaluation.md. */
const COPY_SPACE = "random-convolutions";
/** Images that every pair of is looked at: more take long and say little more. */
const MOST_COMPARED = 3000;
/** Images among which copies are looked for. */
const MOST_SEARCHED = 50_000;

export interface EvaluateRequest extends Omit<NetworkRequest, "overrides"> {
  readonly samples: number;
  /** default: the experiment's */
  readonly seed?: number;
  /** see openSpace */
  readonly space?: string;
  /** @param part what is being done */
  readonly onProgress: (part: "decoding" | "drawing" | "embedding", done: number, total: number) => void;
}

/** @throws UserError where the run, its images or the space cannot be used */
export async function evaluateRun(request: EvaluateRequest): Promise<Evaluation> {
  const network = findNetwork({ ...request, overrides: [{ path: "sample.weights", value: "ema" }] });
  const baseDir = dirname(await experimentBehind(join(network.runDir, EXPERIMENT_FILE)));
  const threads = engineThreads(network.experiment);
  const space = await openSpace(request.space ?? DEFAULT_SPACE, threads);
  const copySpace = await openSpace(COPY_SPACE, threads);
  let dataset: Dataset | null = null;
  try {
    dataset = await openDataset(network.experiment.data, baseDir, {
      log: request.note,
      onProgress: (done, total) => request.onProgress("decoding", done, total),
    });
    requireVariety(dataset);
    const { samples: count, seed = network.experiment.seed } = request;
    const samples = await drawnSamples(network, { seed, count }, (done) => request.onProgress("drawing", done, count));
    const evaluation = await measure({ request, dataset, samples, space, copySpace, baseDir });
    const advice = "The samples are kept: run the command again when the cause is removed.";
    const file = new AppendFile(join(network.runDir, "evaluations.jsonl"), advice);
    file.append(JSON.stringify(evaluation));
    file.close();
    return evaluation;
  } finally {
    dataset?.close();
    await Promise.all([space.close(), copySpace.close()]);
  }
}

/** @throws UserError where the images are too few, or too few different ones, to say anything about a set */
function requireVariety(dataset: Dataset): void {
  const different = new Set(imageList(dataset).map(([, digest]) => digest)).size;
  if (different >= LEAST_IMAGES) return;
  throw new UserError(
    `There ${different === 1 ? "is 1 different image" : `are ${different} different images`} among the ${plural(dataset.count, "training image")}: too few to measure samples by, which takes ${LEAST_IMAGES}. Add images to data.path.`,
  );
}

/** A long computation; signals that came meanwhile are heard after it. */
async function inTurn<T>(work: () => T): Promise<T> {
  const result = work();
  await setImmediate();
  return result;
}

interface Measured {
  readonly request: EvaluateRequest;
  readonly dataset: Dataset;
  readonly samples: DrawnSamples;
  readonly space: FeatureSpace;
  readonly copySpace: FeatureSpace;
  readonly baseDir: string;
}

async function measure(measured: Measured): Promise<Evaluation> {
  const { request, dataset, samples, space, copySpace, baseDir } = measured;
  const { drawing, images, key } = samples;
  const embedAll = async (by: FeatureSpace, most: number) => {
    const kept = (view: ImageView): Promise<Features> => {
      const rows = someOf(view.count, most);
      const onProgress = (done: number): void => request.onProgress("embedding", done, rows.length);
      return keptFeatures({ space: by, view, rows, shape: images, cacheDir: cacheFolder(baseDir) }, onProgress);
    };
    return {
      samples: await by.embed(images, (done) => request.onProgress("embedding", done, images.count)),
      training: await kept(dataset),
      heldOut: dataset.heldOut.count < LEAST_IMAGES ? null : await kept(dataset.heldOut),
    };
  };
  const compared = await embedAll(space, MOST_COMPARED);
  const searched = await embedAll(copySpace, MOST_SEARCHED);
  const reference = compared.heldOut === null ? "training images" : "held-out images";

  const ofSamples = await inTurn(() => knownSet(compared.samples));
  const ofTraining = await inTurn(() => knownSet(compared.training));
  const { kid, frechet, manifold } = await inTurn(() => compareSets(ofSamples, ofTraining));
  const floor = await inTurn(() => floorOf(compared.training, compared.heldOut));
  const copying = copyingAmong(searched.samples, searched.training, searched.heldOut);
  return {
    type: "evaluation",
    time: new Date().toISOString(),
    run: drawing.run,
    stage: drawing.stage,
    step: drawing.step,
    weights: drawing.weights,
    samples: images.count,
    seed: drawing.seed,
    sampler: drawing.sampler,
    samplerSteps: drawing.steps,
    eta: drawing.eta,
    drawn: key,
    trainingImages: compared.training.count,
    trainingImagesOf: dataset.count,
    heldOutImages: dataset.heldOut.count,
    data: dataFingerprint(imageList(dataset)).pixels,
    space: space.name,
    spaceVersion: space.version,
    kid: { value: kid.kid, standardError: kid.standardError, low: kid.interval[0], high: kid.interval[1] },
    kidFloor: { value: floor.kid, standardError: floor.standardError, against: reference },
    frechet,
    ...manifold,
    copying: {
      share: copying.share,
      near: copying.near,
      nearUnseen: copying.nearHeldOut,
      unseen: reference,
      trainingImages: searched.training.count,
      space: copySpace.name,
    },
    backend: drawing.backend,
    versions: drawing.versions,
  };
}
