/** status.json: where a run stands, replaced as a whole several times a minute. */
import * as z from "zod";
import { runForecastSchema } from "./forecasts.ts";
import { count, formatVersion, type Parsed, parseDocument, timestamp } from "./format.ts";

export const RUN_STATES = ["starting", "running", "stopping", "finished", "stopped", "failed", "diverged"] as const;

export const statusSchema = z
  .object({
    formatVersion: formatVersion(),
    state: z
      .enum(RUN_STATES)
      .describe(
        "starting, running and stopping: a process is at work; finished: all steps done; stopped: on request, can be resumed; " +
          "failed: an error, see message; diverged: the loss was no longer a number or exploded.",
      ),
    step: count().describe("Optimiser steps completed."),
    totalSteps: count().describe("Optimiser steps the run is to have at its end."),
    imagesSeen: count().describe("Images trained on since step 0, resumed sessions included."),
    imagesPerSecond: z.number().min(0).nullable().describe("Images per second, recent average; null: not known yet."),
    etaSeconds: z
      .number()
      .min(0)
      .nullable()
      .describe("Seconds of work left at this rate, checkpoints and sample grids included; null: not known."),
    workSeconds: z
      .number()
      .min(0)
      .optional()
      .describe(
        "Seconds of work in all sessions: from a run folder made or taken up to the newest status; missing: not known.",
      ),
    forecasts: z
      .array(runForecastSchema)
      .optional()
      .describe(
        "What the run was expected to take, oldest first: before its first step, where the machine's speed was known, and after 50 steps.",
      ),
    loss: z.number().nullable().describe("Loss of the newest step; null: none yet, or not a finite number."),
    heartbeat: timestamp().describe(
      "Time of this writing, UTC (ISO 8601). A process at work renews it at least every 5 seconds.",
    ),
    message: z.string().nullable().describe("One line for people: what is going on, or why the run ended."),
  })
  .describe("status.json of a run: where it stands. Replaced atomically.");

export type RunStatus = z.output<typeof statusSchema>;
export type RunState = RunStatus["state"];
/** States that a run ends in; a run in any other state needs a living process. */
export const FINAL_STATES = ["finished", "stopped", "failed", "diverged"] as const;
export type FinalState = (typeof FINAL_STATES)[number];

export const isFinal = (state: RunState): state is FinalState => (FINAL_STATES as readonly RunState[]).includes(state);

/** @param text content of status.json */
export const parseStatus = (text: string): Parsed<RunStatus> => parseDocument(statusSchema, text);
