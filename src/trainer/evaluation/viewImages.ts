/** Images of a data set as those are read that are measured. */
import type { ImageSet } from "../../core/evaluation/showImages.ts";
import type { ImageView } from "../data/imageView.ts";

/** @param rows which of them; @param shape of the view's images */
export const viewImages = (
  view: ImageView,
  rows: Uint32Array,
  { side, channels }: Pick<ImageSet, "side" | "channels">,
): ImageSet => ({
  ...{ side, channels, count: rows.length },
  read(from, count) {
    const out = new Uint8Array(count * view.imageBytes);
    view.readInto(rows.subarray(from, from + count), out);
    return out;
  },
});
