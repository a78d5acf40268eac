/** How images are laid out in pictures: rows and columns, and several pages where one picture would be too large. */

/** What Pillow opens without a warning (its MAX_IMAGE_PIXELS); image libraries refuse pictures of two or three times as many. */
export const LARGEST_PICTURE_PIXELS = 89_478_485;
/** The longest side that browsers and drawing libraries show. */
export const LARGEST_PICTURE_SIDE = 32_767;

const COMFORTABLE_SIDE = 64;

export interface GridRequest {
  /** images, those of all pages */
  readonly count: number;
  /** H = W, pixels */
  readonly imageSize: number;
  /** images in a row; default: as square as it gets */
  readonly columns?: number;
  /** rows that no end of a page tears apart, default 1 */
  readonly rowsTogether?: number;
  /** every pixel becomes scale x scale; default: images of about 64 pixels */
  readonly scale?: number;
  /** width of the lines between images and around them, in pixels of the picture; default 2 */
  readonly separator?: number;
}

export interface GridPages {
  readonly imageSize: number;
  readonly columns: number;
  readonly scale: number;
  readonly separator: number;
  /** images of every page but the last, which holds what is left */
  readonly imagesPerPage: number;
  /** 0: not even one row fits into a picture */
  readonly pages: number;
}

/** Lays a grid out; one that does not fit into one picture becomes pages that are as square as their images allow. */
export function gridPages(request: GridRequest): GridPages {
  const { count, imageSize, rowsTogether = 1 } = request;
  const scale = request.scale ?? Math.max(1, Math.floor(COMFORTABLE_SIDE / imageSize));
  const separator = request.separator ?? 2;
  const pitch = imageSize * scale + separator;
  const mostRows = (columns: number): number => {
    const width = columns * pitch + separator;
    const height = Math.min(LARGEST_PICTURE_SIDE, Math.floor(LARGEST_PICTURE_PIXELS / width));
    const rows = width > LARGEST_PICTURE_SIDE ? 0 : Math.floor((height - separator) / pitch);
    return rows - (rows % rowsTogether);
  };
  let columns = request.columns ?? Math.max(1, Math.ceil(Math.sqrt(count)));
  const rows = Math.max(1, Math.ceil(count / columns));
  const shared = { imageSize, scale, separator };
  if (rows <= mostRows(columns)) return { ...shared, columns, imagesPerPage: columns * rows, pages: 1 };
  if (request.columns === undefined) while (columns > 1 && columns > mostRows(columns)) columns--;
  const imagesPerPage = columns * mostRows(columns);
  return { ...shared, columns, imagesPerPage, pages: imagesPerPage === 0 ? 0 : Math.ceil(count / imagesPerPage) };
}

/** Size of a picture in pixels. */
export function gridSize(layout: GridPages, images: number): { readonly width: number; readonly height: number } {
  const { columns, imageSize, scale, separator } = layout;
  const pitch = imageSize * scale + separator;
  const rows = Math.max(1, Math.ceil(images / columns));
  return { width: columns * pitch + separator, height: rows * pitch + separator };
}
