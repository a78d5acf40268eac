/** Draws samples of a run, measures them against the images that it learned from, and writes what was found into its folder. */
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Features } from "../../core/evaluation/features.ts";
import { measureSets } from "../../core/evaluation/measureSets.ts";
import { LEAST_IMAGES, requireVariety, someOf } from "../../core/evaluation/references.ts";
import { TrainingNeighbours } from "../../core/evaluation/trainingNeighbours.ts";
import { DEFAULT_SPACE } from "../../core/run/evaluationSpaces.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { EVALUATIONS_FILE } from "../../node/run/evaluations.ts";
import { experimentBehind } from "../../node/run/experimentOfRun.ts";
import { EXPERIMENT_FILE } from "../../node/run/runFiles.ts";
import { findNetwork, type NetworkRequest } from "../../node/run/runNetwork.ts";
import { dataFingerprint, imageList } from "../data/dataFingerprint.ts";
import { type Dataset, openDataset } from "../data/dataset.ts";
import type { ImageView } from "../data/imageView.ts";
import { cacheFolder } from "../data/pixelCache.ts";
import { engineThreads } from "../loop/session.ts";
import { AppendFile } from "../run/appendFile.ts";
import { type DrawnSamples, drawnSamples } from "./drawnSamples.ts";
import { type FeatureSpace, openSpace } from "./featureSpace.ts";
import { keptFeatures } from "./keptFeatures.ts";
import { neighbourPictures } from "./neighbourPictures.ts";

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
  readonly onProgress: (part: "decoding" | "drawing" | "embedding" | "measuring", done: number, total: number) => void;
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
    requireVariety(imageList(dataset).map(([, pixels]) => pixels));
    const { samples: count, seed = network.experiment.seed } = request;
    const samples = await drawnSamples(network, { seed, count }, (done) => request.onProgress("drawing", done, count));
    const evaluation = await measure(
      request,
      network.runDir,
      dataset,
      samples,
      [space, copySpace],
      cacheFolder(baseDir),
    );
    const advice = "The samples are kept: run the command again when the cause is removed.";
    const file = new AppendFile(join(network.runDir, EVALUATIONS_FILE), advice);
    file.append(JSON.stringify(evaluation));
    file.close();
    return evaluation;
  } finally {
    dataset?.close();
    await Promise.all([space.close(), copySpace.close()]);
  }
}

/** @param spaces to compare in, and to look for copies in */
async function measure(
  request: EvaluateRequest,
  runDir: string,
  dataset: Dataset,
  { drawing, images, key }: DrawnSamples,
  spaces: readonly [FeatureSpace, FeatureSpace],
  cacheDir: string,
): Promise<Evaluation> {
  const embedAll = async (by: FeatureSpace, most: number) => {
    const kept = (view: ImageView): Promise<Features> => {
      const rows = someOf(view.count, most);
      const onProgress = (done: number): void => request.onProgress("embedding", done, rows.length);
      return keptFeatures({ space: by, view, rows, shape: images, cacheDir }, onProgress);
    };
    return {
      space: by,
      samples: await by.embed(images, (done) => request.onProgress("embedding", done, images.count)),
      training: await kept(dataset),
      heldOut: dataset.heldOut.count < LEAST_IMAGES ? null : await kept(dataset.heldOut),
    };
  };
  const compared = await embedAll(spaces[0], MOST_COMPARED);
  const searched = await embedAll(spaces[1], MOST_SEARCHED);
  const data = dataFingerprint(imageList(dataset)).pixels;
  const kept = { drawing, drawn: key, data, trainingImagesOf: dataset.count, heldOutImages: dataset.heldOut.count };
  const neighbours = new TrainingNeighbours(images.count);
  const evaluation = await measureSets({ ...kept, compared, searched, passing: [neighbours] }, (done, total) => {
    request.onProgress("measuring", done, total);
    return setImmediate();
  });
  const rows = someOf(dataset.count, MOST_SEARCHED);
  const shown = { runDir, evaluation, samples: images, training: dataset, rows, note: request.note };
  return { ...evaluation, neighbours: await neighbourPictures(neighbours, shown) };
}
