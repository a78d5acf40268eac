/** The metrics of a run as columns, read on as the file grows, when asked. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MetricsTail } from "../../core/run/metricsTail.ts";
import type { RunRecord } from "../../core/run/record.ts";
import { RunColumns } from "../../core/series/columns.ts";
import { errorCode } from "../../node/run/files.ts";
import { metricsFile } from "../../node/run/metrics.ts";
import { READ_AT_ONCE } from "../../node/run/readText.ts";

const CHUNK_BYTES = 2 ** 20;

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
    let fd: number;
    try {
      fd = openSync(this.path, READ_AT_ONCE);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return this.columns.length;
      throw error;
    }
    try {
      let first = this.columns.length;
      if (fstatSync(fd).size < this.tail.offset) {
        this.tail.reset();
        this.columns.clear();
        first = 0;
      }
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const bytes = readSync(fd, chunk, 0, CHUNK_BYTES, this.tail.offset);
        if (bytes === 0) return first;
        first = Math.min(first, this.columns.add(this.tail.feed(chunk.subarray(0, bytes))));
      }
    } finally {
      closeSync(fd);
    }
  }
}
