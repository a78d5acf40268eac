/** Pictures of many images: grids, on one page or several. */
import { type GridPages, gridPages, gridSize } from "./gridPages.ts";

export interface GridImages {
  /** values in [-1, 1], [count, H, W, C]; what lies outside is cut off, what is no number is drawn as 0 */
  readonly images: Float32Array;
  readonly count: number;
  /** H = W, pixels */
  readonly imageSize: number;
  /** C, 1 or 3 */
  readonly channels: number;
}

export interface GridOptions {
  /** images in a row; default: as square as it gets */
  readonly columns?: number;
  /** every pixel becomes scale x scale; default: images of about 64 pixels */
  readonly scale?: number;
  /** width of the lines between images and around them, in pixels of the picture */
  readonly separator?: number;
  /** grey value of the lines and of places without an image, 0 to 255 */
  readonly separatorGrey?: number;
}

/** 8-bit pixels, [height, width, channels]. */
export interface Picture {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

const SEPARATOR_GREY = 128;

/** Lays images out row by row. */
export function gridPicture(source: GridImages, options: GridOptions = {}): Picture {
  const { images, count, imageSize, channels } = source;
  const { separatorGrey = SEPARATOR_GREY, ...asked } = options;
  const layout = gridPages({ count, imageSize, ...asked });
  const picture = emptyPicture(layout, count, channels, separatorGrey);
  for (let image = 0; image < count; image++) placeImage(picture, layout, image, images, image);
  return picture;
}

/** Takes images one batch after another and hands out each page as soon as it is full. Holds one page at a time. */
export class PagedGrid {
  private page: Picture | null = null;
  /** images taken so far */
  private taken = 0;

  /** @param count images of all pages */
  constructor(
    private readonly layout: GridPages,
    private readonly count: number,
    private readonly channels: number,
    private readonly onPage: (picture: Picture) => Promise<void>,
  ) {}

  /** @param images of the given number, values as in GridImages; the last one ends the last page */
  async add(images: Float32Array, count: number): Promise<void> {
    const { imagesPerPage } = this.layout;
    for (let image = 0; image < count; image++) {
      const place = this.taken % imagesPerPage;
      const onPage = Math.min(imagesPerPage, this.count - (this.taken - place));
      this.page ??= emptyPicture(this.layout, onPage, this.channels, SEPARATOR_GREY);
      placeImage(this.page, this.layout, place, images, image);
      this.taken++;
      if (place + 1 < onPage) continue;
      const { page } = this;
      this.page = null;
      await this.onPage(page);
    }
  }
}

/** One image as it is. @param index of the image among those given */
export function singlePicture(images: Float32Array, index: number, imageSize: number, channels: number): Picture {
  const layout = gridPages({ count: 1, imageSize, scale: 1, separator: 0 });
  const picture = emptyPicture(layout, 1, channels, 0);
  placeImage(picture, layout, 0, images, index);
  return picture;
}

function emptyPicture(layout: GridPages, images: number, channels: number, grey: number): Picture {
  const { width, height } = gridSize(layout, images);
  return { data: new Uint8ClampedArray(width * height * channels).fill(grey), width, height, channels };
}

/** @param index which of the images given; its place in the picture is the `place`th */
function placeImage(picture: Picture, layout: GridPages, place: number, images: Float32Array, index: number): void {
  const { data, width, channels } = picture;
  const { imageSize, columns, scale, separator } = layout;
  const pitch = imageSize * scale + separator;
  const top = separator + Math.floor(place / columns) * pitch;
  const left = separator + (place % columns) * pitch;
  const rowElements = imageSize * channels;
  for (let y = 0; y < imageSize * scale; y++) {
    const from = (index * imageSize + Math.floor(y / scale)) * rowElements;
    let to = ((top + y) * width + left) * channels;
    for (let x = 0; x < imageSize * scale; x++) {
      const pixel = from + Math.floor(x / scale) * channels;
      // Clamped arrays round, cut off at 0 and 255 and take NaN as 0.
      for (let c = 0; c < channels; c++) data[to++] = (images[pixel + c]! + 1) * 127.5;
    }
  }
}
