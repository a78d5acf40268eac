/**
 * Makes ascending steps of a run's lines, in whatever order these stand: the reader's rule of docs/run-format.md, section
 * "metrics.jsonl". Everything that shows a run's steps goes through here.
 */
import type { ResumeLine, StepMetrics } from "./metrics.ts";

interface AnyStep {
  readonly type: "step";
  readonly step: number;
}

interface AnyResume {
  readonly type: "resume";
  readonly step: number;
}

/** Where the steps are kept: rows in ascending order of their step, each step once. */
export interface StepTable<S extends AnyStep = StepMetrics, R extends AnyResume = ResumeLine> {
  readonly length: number;
  stepAt(row: number): number;
  /** Writes a line into a row: one that there is, or the one after the last. */
  put(row: number, line: S): void;
  /** Moves the rows at and above `from` to begin at `to`; the length changes with it. */
  move(from: number, to: number): void;
  copy(from: number, to: number): void;
  /** Drops the rows at and above `length`. */
  cut(length: number): void;
  /** Training was resumed, and goes on behind the last row. */
  resumed?(line: R): void;
}

/**
 * Takes lines in the file's order. A resume drops the steps beyond it; a step that goes back is put in its place, and of a step that
 * comes again the last line counts. However the lines are dealt out over calls, the table ends up the same.
 * @returns the first row that is new or other than before; the table's length where nothing changed
 */
export function addInOrder<S extends AnyStep, R extends AnyResume>(
  table: StepTable<S, R>,
  lines: Iterable<S | R>,
): number {
  let changed = table.length;
  // Gathered, since making room line by line would move the rows above for each of them.
  let late: S[] = [];
  const mergeLate = (): void => {
    if (late.length > 0) changed = Math.min(changed, merge(table, late));
    late = [];
  };
  for (const line of lines) {
    if (line.type === "resume") {
      mergeLate();
      const kept = firstRowFrom(table, line.step + 1);
      changed = Math.min(changed, kept);
      table.cut(kept);
      table.resumed?.(line);
    } else if (table.length === 0 || line.step > table.stepAt(table.length - 1)) table.put(table.length, line);
    else late.push(line);
  }
  mergeLate();
  return Math.min(changed, table.length);
}

type Rows<S extends AnyStep> = Omit<StepTable<S>, "resumed">;

/** @returns the first row that changed */
function merge<S extends AnyStep>(table: Rows<S>, late: readonly S[]): number {
  const lastOfStep = new Map(late.map((line) => [line.step, line]));
  const lines = [...lastOfStep.values()].sort((a, b) => a.step - b.step);
  const first = firstRowFrom(table, lines[0]!.step);
  let write = first;
  let read = first + lines.length;
  table.move(write, read);
  for (const line of lines) {
    while (read < table.length && table.stepAt(read) < line.step) table.copy(read++, write++);
    if (read < table.length && table.stepAt(read) === line.step) read++;
    table.put(write++, line);
  }
  table.move(read, write);
  return first;
}

/** The first row whose step is at least this one. */
function firstRowFrom(table: Pick<StepTable, "length" | "stepAt">, step: number): number {
  let low = 0;
  let high = table.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (table.stepAt(middle) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
