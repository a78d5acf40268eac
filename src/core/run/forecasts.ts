/** What a run was expected to take, as its status keeps it. */
import * as z from "zod";
import { count } from "./format.ts";

/** What a time was worked out from. */
const FORECAST_BASES = ["own", "same", "scaled"] as const;
export type ForecastBasis = (typeof FORECAST_BASES)[number];

export const runForecastSchema = z
  .object({
    seconds: z.number().min(0).describe("What workSeconds was expected to be at the end."),
    madeAtStep: count().describe("Steps that were done when it was made."),
    basis: z
      .enum(FORECAST_BASES)
      .describe(
        "From what: own: steps of this run; same: steps of the very configuration, measured before on this machine; scaled: steps of another one, converted by operations.",
      ),
    expectedError: z
      .number()
      .min(0)
      .describe("How far off it may be on a machine with nothing else to do, as a share."),
  })
  .describe("What the run as a whole was expected to take.");

export type RunForecast = z.output<typeof runForecastSchema>;
