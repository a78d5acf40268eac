/** Measures samples against the images that their network learned from, and writes what was found into the run's folder. */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { askedClasses } from "../../core/classes/drawnClasses.ts";
import type { Features } from "../../core/evaluation/features.ts";
import { measureSets } from "../../core/evaluation/measureSets.ts";
import { LEAST_IMAGES, MOST_COMPARED, someOf } from "../../core/evaluation/references.ts";
import { TrainingNeighbours } from "../../core/evaluation/trainingNeighbours.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { colourBytes } from "../../core/images/colours.ts";
import { DEFAULT_SPACE } from "../../core/run/evaluationSpaces.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { EVALUATIONS_FILE } from "../../node/run/evaluations.ts";
import { dataFingerprint, imageList } from "../data/dataFingerprint.ts";
import type { ImageView } from "../data/imageView.ts";
import { AppendFile } from "../run/appendFile.ts";
import type { DrawnSamples } from "./drawnSamples.ts";
import { type FeatureSpace, openSpace } from "./featureSpace.ts";
import { keptFeatures } from "./keptFeatures.ts";
import type { MeasuredImages } from "./measuredImages.ts";
import { neighbourPictures } from "./neighbourPictures.ts";
import { viewImages } from "./viewImages.ts";

/** Where copies of training images stay near them, and other images do not: docs/evaluation.md. */
const COPY_SPACE = "random-convolutions";
/** Images among which copies are looked for. */
const MOST_SEARCHED = 50_000;

/** One to compare in, and one to look for copies in. */
export type Spaces = readonly [compared: FeatureSpace, searched: FeatureSpace];

/** @param asked see openSpace; @throws UserError where it cannot be used */
export async function withSpaces<T>(
  asked: string | undefined,
  threads: number,
  work: (spaces: Spaces) => Promise<T>,
): Promise<T> {
  const compared = await openSpace(asked ?? DEFAULT_SPACE, threads);
  try {
    const searched = await openSpace(COPY_SPACE, threads);
    return await work([compared, searched]).finally(() => searched.close());
  } finally {
    await compared.close();
  }
}

export interface EvaluateSamplesRequest {
  readonly runDir: string;
  readonly experiment: Experiment;
  readonly dataset: MeasuredImages;
  readonly samples: DrawnSamples;
  readonly spaces: Spaces;
  /** of the decoded images */
  readonly cacheDir: string;
  /** what a reader of the result should know */
  readonly note?: string;
  /** told what people may want to look at */
  readonly say: (line: string) => void;
}

/** @param onProgress what is being done; what it throws ends the work. @throws UserError where a space or the disk refuses */
export async function evaluateSamples(
  request: EvaluateSamplesRequest,
  onProgress: (part: "embedding" | "measuring", done: number, total: number) => void,
): Promise<Evaluation> {
  const { runDir, experiment, dataset, samples, spaces, cacheDir, note, say } = request;
  const { drawing, images, key } = samples;
  const embedAll = async (by: FeatureSpace, most: number) => {
    const kept = (view: ImageView): Promise<Features> => {
      const rows = someOf(view.count, most);
      const told = (done: number): void => onProgress("embedding", done, rows.length);
      return keptFeatures({ space: by, view, rows, shape: images, cacheDir }, told);
    };
    return {
      space: by,
      samples: await by.embed(images, (done) => onProgress("embedding", done, images.count)),
      training: await kept(dataset),
      heldOut: dataset.heldOut.count < LEAST_IMAGES ? null : await kept(dataset.heldOut),
    };
  };
  const compared = await embedAll(spaces[0], MOST_COMPARED);
  const searched = await embedAll(spaces[1], MOST_SEARCHED);
  const data = dataFingerprint(imageList(dataset)).pixels;
  const kept = { drawing, drawn: key, data, trainingImagesOf: dataset.count, heldOutImages: dataset.heldOut.count };
  const seen = {
    samples: images,
    training: viewImages(dataset, someOf(dataset.count, MOST_COMPARED), images),
    patchSize: experiment.model.patch_size,
    background: colourBytes(experiment.data.background, images.channels),
  };
  const neighbours = new TrainingNeighbours(images.count);
  const measured = await measureSets(
    { ...kept, compared, searched, seen, passing: [neighbours], note, classes: askedClasses(experiment) },
    (done, total) => {
      onProgress("measuring", done, total);
      return setImmediate();
    },
  );
  const rows = someOf(dataset.count, MOST_SEARCHED);
  const shown = { runDir, evaluation: measured, samples: images, training: dataset, rows, note: say };
  const evaluation = { ...measured, neighbours: await neighbourPictures(neighbours, shown) };
  const advice = "The samples are kept: they need not be drawn again when the cause is removed.";
  const file = new AppendFile(join(runDir, EVALUATIONS_FILE), advice);
  file.append(JSON.stringify(evaluation));
  file.close();
  return evaluation;
}
