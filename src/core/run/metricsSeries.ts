/** The steps of a run as a list of lines. */
import type { MetricsLine, StepMetrics } from "./metrics.ts";
import { addInOrder, type StepTable } from "./stepOrder.ts";

/** The curve of a run: step lines in ascending order, as if the run had never been interrupted. */
export class MetricsSeries {
  private readonly table = new LineTable();

  get steps(): readonly StepMetrics[] {
    return this.table.lines;
  }

  /** @returns the first of the steps that is new or other than before; their number where nothing changed */
  add(lines: Iterable<MetricsLine>): number {
    return addInOrder(this.table, lines);
  }
}

class LineTable implements StepTable {
  lines: StepMetrics[] = [];

  get length(): number {
    return this.lines.length;
  }

  stepAt(row: number): number {
    return this.lines[row]!.step;
  }

  put(row: number, line: StepMetrics): void {
    this.lines[row] = line;
  }

  move(from: number, to: number): void {
    const end = this.lines.length;
    const length = end + to - from;
    this.lines.length = Math.max(end, length);
    this.lines.copyWithin(to, from, end);
    this.lines.length = length;
  }

  copy(from: number, to: number): void {
    this.lines[to] = this.lines[from]!;
  }

  cut(length: number): void {
    this.lines.length = length;
  }
}

/** The steps that count among a run's lines, ascending. */
export function stepsInOrder(lines: Iterable<MetricsLine>): StepMetrics[] {
  const series = new MetricsSeries();
  series.add(lines);
  return [...series.steps];
}
