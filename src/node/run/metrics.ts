/** Reads metrics.jsonl as a whole. */
import { join } from "node:path";
import type { StepMetrics } from "../../core/run/metrics.ts";
import { readMetrics } from "../../core/run/metricsTail.ts";
import { errorCode } from "./files.ts";
import { readFileAtOnce } from "./readText.ts";

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
