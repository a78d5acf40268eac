/** A picture of the samples that are most like a training image, each beside it, and the list that says which they are. */
import type { ImageSet } from "../../core/evaluation/showImages.ts";
import { type TrainingNeighbours, USUAL_K } from "../../core/evaluation/trainingNeighbours.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { gridPages } from "../../core/run/gridPages.ts";
import { PagedGrid } from "../../core/run/gridPicture.ts";
import type { Neighbours } from "../../core/run/neighbours.ts";
import { neighboursJson, neighboursPicture } from "../../node/run/evaluations.ts";
import { replaceFile, replaceJson } from "../../node/run/files.ts";
import type { ImageView } from "../data/imageView.ts";
import { encodePng } from "../sample/encodePng.ts";

/** Pairs that are shown, fewer where one picture would be too large to be opened. */
const MOST_PAIRS = 100;
const COLUMNS = 10;

interface PicturesRequest {
  readonly runDir: string;
  /** without its pictures */
  readonly evaluation: Evaluation;
  readonly samples: ImageSet;
  readonly training: ImageView;
  /** positions of the training images that the samples were compared with */
  readonly rows: Uint32Array;
  readonly note: (line: string) => void;
}

/**
 * Writes them into the folder of the samples.
 * @returns their name there, without extension
 * @throws UserError where the disk refuses
 */
export async function neighbourPictures(found: TrainingNeighbours, request: PicturesRequest): Promise<string> {
  const { runDir, evaluation, samples, training, rows, note } = request;
  const { side: imageSize, channels } = samples;
  const place = {
    dir: runDir,
    drawn: evaluation.drawn,
    name: `neighbours-${samples.count}-${evaluation.data.slice(0, 8)}`,
  };
  const wanted = gridPages({ count: 2 * Math.min(MOST_PAIRS, samples.count), imageSize, columns: COLUMNS });
  const fitting = wanted.pages === 1 ? MOST_PAIRS : Math.max(1, wanted.imagesPerPage / 2);
  const pairs = found.mostSuspicious(fitting, evaluation.copying.near);
  const layout = gridPages({ count: 2 * pairs.length, imageSize, columns: COLUMNS });
  const grid = new PagedGrid(layout, 2 * pairs.length, channels, async (picture) => {
    replaceFile(neighboursPicture(place), await encodePng(picture), false);
  });
  const image = new Uint8Array(training.imageBytes);
  for (const pair of pairs) {
    training.readInto(rows.subarray(pair.image, pair.image + 1), image);
    for (const pixels of [samples.read(pair.sample, 1), image]) {
      await grid.add(
        Float32Array.from(pixels, (value) => value / 127.5 - 1),
        1,
      );
    }
  }
  // The list comes last: where it is, the picture is whole.
  replaceJson(
    neighboursJson(place),
    {
      formatVersion: RUN_FORMAT_VERSION,
      samples: samples.count,
      trainingImages: rows.length,
      space: evaluation.copying.space,
      usual: Math.min(USUAL_K, rows.length),
      picture: { imageSize, scale: layout.scale, separator: layout.separator, columns: layout.columns },
      pairs: pairs.map((pair) => ({ ...pair, image: training.images[rows[pair.image]!]!.path })),
    } satisfies Neighbours,
    false,
  );
  note(`Samples that are most like a training image, each beside it: ${neighboursPicture(place)}`);
  return place.name;
}
