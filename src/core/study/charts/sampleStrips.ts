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

/** A strip as a picture of one row: bytes [H, count · W, C]. */
export function stripRow({ count, side, channels, pixels }: SampleStrip): Uint8ClampedArray {
  const data = new Uint8ClampedArray(count * side * side * channels);
  const line = side * channels;
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < side; y++) {
      const from = (image * side + y) * line;
      data.set(pixels.subarray(from, from + line), (y * count + image) * line);
    }
  }
  return data;
}

/** The same for a canvas: RGBA [H, count · W, 4]. */
export function stripPixels(strip: SampleStrip): Uint8ClampedArray<ArrayBuffer> {
  const { count, side, channels } = strip;
  const row = stripRow(strip);
  const rgba = new Uint8ClampedArray(4 * count * side * side).fill(255);
  for (let at = 0; at < count * side * side; at++) {
    for (let c = 0; c < 3; c++) rgba[4 * at + c] = row[at * channels + (channels === 3 ? c : 0)]!;
  }
  return rgba;
}
