/** The endless sequence of images that training goes through, shuffled anew in every epoch. */
import { drawWithoutReplacement, RandomStream, type Stage } from "../random/streams.ts";

/** Keeps the current epoch's permutation, so that consecutive steps do not shuffle again. */
export class ImageOrder {
  private epoch = -1;
  private permutation: Uint32Array = new Uint32Array(0);

  /** @param datasetSize number of usable images, at least 1 */
  constructor(
    readonly seed: number,
    readonly stage: Stage,
    readonly datasetSize: number,
  ) {
    if (datasetSize < 1) throw new RangeError("the data set holds no image");
  }

  /** Data set position of image number i of the sequence. */
  at(i: number): number {
    const { seed, stage, datasetSize: n } = this;
    const epoch = Math.floor(i / n);
    if (epoch !== this.epoch) {
      const stream = new RandomStream({ seed, stage, stream: "order", step: 0, item: epoch });
      this.permutation = drawWithoutReplacement(stream, n, n);
      this.epoch = epoch;
    }
    return this.permutation[i % n]!;
  }
}
