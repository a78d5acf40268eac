/** Drawn images of configurations below each other: the same noise in every column, so that they can be compared. */
import { rankedRows, type StudyTable, type TableCell, type TableRow } from "../table.ts";

/** The first images of a cell's evaluation: plain data that can be sent to a page. */
export interface SampleStrip {
  /** index of its row in the table */
  readonly row: number;
  /** of its training */
  readonly seed: number;
  readonly count: number;
  /** H = W, pixels */
  readonly side: number;
  /** 1 or 3 */
  readonly channels: number;
  /** bytes [count, H, W, C] */
  readonly pixels: Uint8Array;
}

/**
 * The cells to show, the best configuration first: all of one training seed, that of which most are done.
 * @param most configurations; where there are more, the last one shown is the worst of all
 */
export function sampledCells(table: StudyTable, most: number): { readonly row: TableRow; readonly cell: TableCell }[] {
  const done = (seed: number): number =>
    table.rows.filter(({ cells }) => cells.some((cell) => cell.seed === seed && cell.state === "done")).length;
  const seed = [...table.seeds].sort((a, b) => done(b) - done(a))[0];
  const all = rankedRows(table).flatMap((row) => {
    const cell = row.cells.find((own) => own.seed === seed && own.state === "done");
    return cell === undefined ? [] : [{ row, cell }];
  });
  return all.length <= most ? all : [...all.slice(0, most - 1), all.at(-1)!];
}

/** Of a strip in pixels of its images: side by side, with a pixel between two. */
export const stripWidth = ({ count, side }: Pick<SampleStrip, "count" | "side">): number => count * (side + 1) - 1;

/** A strip as a picture of one row: RGBA [H, width, 4], transparent between images. */
export function stripPixels(strip: SampleStrip): Uint8ClampedArray<ArrayBuffer> {
  const { count, side, channels, pixels } = strip;
  const width = stripWidth(strip);
  const rgba = new Uint8ClampedArray(4 * width * side);
  for (let image = 0; image < count; image++) {
    for (let at = 0; at < side * side; at++) {
      const from = (image * side * side + at) * channels;
      const to = 4 * (Math.floor(at / side) * width + image * (side + 1) + (at % side));
      for (let c = 0; c < 3; c++) rgba[to + c] = pixels[from + (channels === 3 ? c : 0)]!;
      rgba[to + 3] = 255;
    }
  }
  return rgba;
}
