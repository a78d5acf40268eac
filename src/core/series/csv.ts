/** Charts as comma-separated values: one row a point, so that runs that log at different steps fit one table. */
import { csvField } from "../csvField.ts";
import { type AxisName, lowerBound, type Measure, type RunColumns } from "./columns.ts";

export interface CsvRun {
  readonly id: string;
  readonly label: string;
  readonly columns: RunColumns;
}

/** Digits that a Float32 holds. */
const DIGITS = 7;

/**
 * Pieces of the text, so that a caller can pause between them.
 * @param view part of the axis that is written; null: all
 * @param sparse whether rows without any value are left out
 */
export function* chartCsv(
  runs: readonly CsvRun[],
  measures: readonly Measure[],
  axis: AxisName,
  view: readonly [low: number, high: number] | null,
  sparse = false,
): Generator<string> {
  yield `run,label,step,images,seconds,time,${measures.join(",")}\n`;
  for (const { id, label, columns } of runs) {
    const start = `${csvField(id)},${csvField(label)},`;
    const along = columns.axis(axis);
    const first = view === null ? 0 : lowerBound(along, columns.length, view[0]);
    const values = measures.map((name) => columns.measure(name));
    const axes = (["step", "images", "seconds"] as const).map((name) => columns.axis(name));
    const time = columns.axis("time");
    let piece = "";
    for (let row = first; row < columns.length; row++) {
      if (view !== null && along[row]! > view[1]) break;
      if (sparse && values.every((column) => Number.isNaN(column[row]!))) continue;
      const where = axes.map((column) => column[row]).join(",");
      const clock = new Date(time[row]!).toISOString();
      piece += `${start}${where},${clock},${values.map((column) => number(column[row]!)).join(",")}\n`;
      if (piece.length < 1 << 16) continue;
      yield piece;
      piece = "";
    }
    if (piece !== "") yield piece;
  }
}

const number = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(DIGITS))) : "");
