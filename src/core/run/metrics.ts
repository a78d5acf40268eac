/** metrics.jsonl: one JSON object per line, only ever appended to. */
import * as z from "zod";
import { count, timestamp } from "./format.ts";

/** Timesteps are told apart in this many equal ranges of {0 … T-1}. */
export const TIMESTEP_RANGES = 4;

export const stepMetricsSchema = z
  .object({
    type: z.literal("step").describe("Tells a step line."),
    step: count().describe("Optimiser steps completed."),
    images: count().describe("Images trained on since step 0."),
    seconds: z
      .number()
      .min(0)
      .describe("Seconds of training since step 0, over all sessions; saving, drawing samples and measuring left out."),
    loss: z
      .number()
      .nullable()
      .describe("Weighted loss, mean over the images of the steps since the line before; null: not a finite number."),
    lossByTimestep: z
      .array(z.number().nullable())
      .length(TIMESTEP_RANGES)
      .describe("The same mean by quarter of {0 … T-1} that an image's timestep fell into; null: none did."),
    lr: z.number().describe("Learning rate of this step."),
    gradNorm: z
      .number()
      .nullable()
      .describe("Global norm of this step's gradient before clipping; null: not a finite number."),
    imagesPerSecond: z.number().min(0).describe("Images per second since the line before."),
    dataWaitSeconds: z.number().min(0).describe("Seconds since the line before in which the step waited for images."),
    heldOutLoss: z
      .number()
      .nullable()
      .optional()
      .describe(
        "Held-out loss after this step, mean over held-out images (docs/evaluation.md); null: not a finite number; missing: not measured.",
      ),
    heldOutError: z
      .number()
      .nullable()
      .optional()
      .describe("Its standard error over images; null: not known, as of a single image."),
    kid: z
      .number()
      .nullable()
      .optional()
      .describe("KID of an evaluation after this step; missing: none was made, or it failed."),
    kidError: z.number().nullable().optional().describe("Its standard error."),
    memoryBytes: count().nullable().describe("Resident memory of the process in bytes; null: not known."),
  })
  .describe("What a step measured.");

export const resumeLineSchema = z
  .object({
    type: z.literal("resume").describe("Tells a resume line."),
    step: count().describe("Step of the checkpoint that training goes on from."),
    time: timestamp().optional().describe("When, UTC."),
  })
  .describe("Training was resumed: step lines above with a greater step no longer count.");

export const metricsLineSchema = z
  .discriminatedUnion("type", [stepMetricsSchema, resumeLineSchema])
  .describe("A line of metrics.jsonl. Lines of any other type, and lines that are not JSON, are to be skipped.");

export type StepMetrics = z.output<typeof stepMetricsSchema>;
export type ResumeLine = z.output<typeof resumeLineSchema>;
export type MetricsLine = z.output<typeof metricsLineSchema>;

const KNOWN_TYPES: readonly unknown[] = ["step", "resume"];

/**
 * Reads one line, without its newline.
 * @returns the line; "other" for a blank line or a type this version does not know; "malformed" for a torn or wrong one
 */
export function parseMetricsLine(line: string): MetricsLine | "other" | "malformed" {
  if (line.trim() === "") return "other";
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "malformed";
  }
  const parsed = metricsLineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const type = z.object({ type: z.string() }).safeParse(value);
  return type.success && !KNOWN_TYPES.includes(type.data.type) ? "other" : "malformed";
}
