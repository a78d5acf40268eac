/** The images that samples are measured against: those of the classes that are drawn. */
import { requireVariety } from "../../core/evaluation/references.ts";
import { imageList } from "../data/dataFingerprint.ts";
import { type ImageView, viewOfClasses } from "../data/imageView.ts";

export interface MeasuredImages extends ImageView {
  /** images that data.holdout keeps out of training */
  readonly heldOut: ImageView;
}

/**
 * @param chosen numbers of the classes, as the images have them; null: all
 * @param remedy what to do where they are too few, a sentence
 * @throws UserError where they are too few, or too few different ones, to measure by
 */
export function measuredImages(all: MeasuredImages, chosen: readonly number[] | null, remedy?: string): MeasuredImages {
  const labels = new Set(chosen);
  const images = chosen === null ? all : { ...viewOfClasses(all, labels), heldOut: viewOfClasses(all.heldOut, labels) };
  requireVariety(
    imageList(images).map(([, pixels]) => pixels),
    remedy,
  );
  return images;
}
