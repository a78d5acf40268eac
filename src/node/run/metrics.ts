/** Reads metrics.jsonl. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { StepMetrics } from "../../core/run/metrics.ts";
import { readMetrics } from "../../core/run/metricsTail.ts";
import { errorCode } from "./files.ts";
import { READ_AT_ONCE, readFileAtOnce } from "./readText.ts";

export const metricsFile = (runDir: string): string => join(runDir, "metrics.jsonl");

/** The steps of a run that count, ascending; none if it has no metrics yet. */
export function readRunMetrics(runDir: string): StepMetrics[] {
  try {
    return readMetrics(readFileAtOnce(metricsFile(runDir), Number.POSITIVE_INFINITY)).steps;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Of some hundred lines. */
const END_BYTES = 64 * 1024;

/** The last steps of a run that count, ascending, however long the file is. */
export function readLastMetrics(runDir: string): StepMetrics[] {
  let fd: number;
  try {
    fd = openSync(metricsFile(runDir), READ_AT_ONCE);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, END_BYTES));
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return readMetrics(bytes.subarray(0, read)).steps;
  } finally {
    closeSync(fd);
  }
}
