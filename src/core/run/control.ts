/** control.json: what somebody asks of the process that writes a run. */
import * as z from "zod";
import { timestamp } from "./format.ts";

export const controlSchema = z
  .object({
    command: z.literal("stop").describe("Finish the step, save a checkpoint and end."),
    requestedAt: timestamp().optional().describe("When, UTC."),
  })
  .describe(
    "control.json of a run. Written by anyone, atomically; read between steps and removed by the run's process.",
  );
export type ControlRequest = z.output<typeof controlSchema>;
