/** The metrics of a run as columns, read on as the file grows, when asked. */
import { MetricsTail } from "../../core/run/metricsTail.ts";
import type { RunRecord } from "../../core/run/record.ts";
import { RunColumns } from "../../core/series/columns.ts";
import { metricsFile } from "../../node/run/metrics.ts";
import { newBytes } from "../../node/run/newBytes.ts";

export class MetricsReader {
  readonly columns: RunColumns;
  private readonly tail = new MetricsTail();
  private readonly path: string;

  constructor(runDir: string, record: RunRecord) {
    this.path = metricsFile(runDir);
    this.columns = new RunColumns(Date.parse(record.sessions[0]?.startedAt ?? record.createdAt));
  }

  /** Takes in what was written since the last look. @returns the first row that is new or other than before */
  look(): number {
    let first = this.columns.length;
    for (const { at, bytes } of newBytes(this.path, this.tail.offset)) {
      if (at < this.tail.offset) {
        this.tail.reset();
        this.columns.clear();
        first = 0;
      }
      first = Math.min(first, this.columns.add(this.tail.feed(bytes)));
    }
    return first;
  }
}
