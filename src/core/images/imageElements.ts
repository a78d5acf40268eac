export interface ImageShape {
  /** pixels in a row */
  readonly imageSize: number;
  /** rows of pixels, where the image is no square */
  readonly imageHeight?: number;
  readonly channels: number;
}

/** Values of an image, H·W·C. */
export const imageElements = ({ imageSize, imageHeight = imageSize, channels }: ImageShape): number =>
  imageHeight * imageSize * channels;
