/** Images as a network takes them. */
import { resizeSquare } from "./resize.ts";

/** Square images of one size, bytes. */
export interface ImageSet {
  readonly count: number;
  readonly side: number;
  /** 1 (grey) or 3 */
  readonly channels: number;
  /** Images from … from+count-1, uint8 [count, side, side, channels]. */
  read(from: number, count: number): Uint8Array;
}

/** How bytes become what a network was trained on: (byte - mean) / deviation, a channel each. */
export interface Scaling {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

export type Layout = "channels first" | "channels last";

/** Resized, in the network's layout and scale; grey images as grey ones of three colours. @param values receives float32 [count, 3, side, side] or [count, side, side, 3] */
export function showImages(
  images: ImageSet,
  from: number,
  count: number,
  { side, layout, scaling }: { readonly side: number; readonly layout: Layout; readonly scaling: Scaling },
  values: Float32Array,
): void {
  const { channels } = images;
  const { mean, deviation } = scaling;
  const bytes = images.read(from, count);
  const length = images.side ** 2 * channels;
  const places = side * side;
  const shown = new Float32Array(places * channels);
  const first = layout === "channels first";
  for (let i = 0; i < count; i++) {
    resizeSquare(bytes.subarray(i * length, (i + 1) * length), images.side, channels, side, shown);
    for (let c = 0; c < 3; c++) {
      const start = i * 3 * places + (first ? c * places : c);
      const step = first ? 1 : 3;
      for (let at = 0; at < places; at++) {
        const value = shown[at * channels + (channels === 3 ? c : 0)]!;
        values[start + at * step] = (value - mean[c]!) / deviation[c]!;
      }
    }
  }
}
