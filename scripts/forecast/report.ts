/** Forecasts beside what happened, as a page. */
import * as z from "zod";
import { formatDuration } from "../../src/core/durationText.ts";
import { table } from "../bench/tables.ts";

const machineSchema = z.object({ processor: z.string(), cores: z.number(), system: z.string() });
export type Machine = z.output<typeof machineSchema>;

export const resultSchema = z.object({
  name: z.string(),
  what: z.string(),
  /** length that was aimed at */
  seconds: z.number(),
  machine: machineSchema,
  backend: z.string(),
  /** of the machine in the minute before */
  load: z.number(),
  steps: z.number(),
  /** workSeconds of the run */
  took: z.number(),
  forecasts: z.object({
    /** after 50 steps, on a machine that was measured */
    own: z.number(),
    /** before, from steps of the very configuration */
    same: z.number(),
    /** before, from steps of the first case; null: it is that one */
    scaled: z.number().nullable(),
  }),
});
export type Result = z.output<typeof resultSchema>;

/** What is asked of the forecast after 50 steps. */
export const GOAL = 0.1;

/** How much longer than the run the forecast was, as a share of the run. */
export const errorOf = (forecast: number, took: number): number => forecast / took - 1;

const signed = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)} %`;

const HEAD = ["configuration", "steps", "took", "forecast after 50 steps", "before, measured", "before, converted"];

/** @param planned names of all cases */
export function markdown(
  results: readonly Result[],
  planned: readonly string[],
  command: string,
  date: string,
): string {
  const [{ machine, seconds }] = results as [Result];
  const cell = (forecast: number | null, took: number): string =>
    forecast === null ? "" : `${formatDuration(forecast)} (${signed(errorOf(forecast, took))})`;
  const rows = results.map(({ what, steps, took, forecasts: { own, same, scaled } }) => [
    what,
    String(steps),
    formatDuration(took),
    cell(own, took),
    cell(same, took),
    cell(scaled, took),
  ]);
  const worst = (pick: (result: Result) => number | null): string => {
    const errors = results.flatMap((result) => {
      const forecast = pick(result);
      return forecast === null ? [] : [Math.abs(errorOf(forecast, result.took))];
    });
    return errors.length === 0 ? "not measured" : `${(100 * Math.max(...errors)).toFixed(1)} %`;
  };
  const isMet = results.every(({ took, forecasts }) => Math.abs(errorOf(forecasts.own, took)) <= GOAL);
  const missing = planned.filter((name) => results.every((result) => result.name !== name));
  return `# Forecasts beside what happened, ${date}

${machine.processor}, ${machine.cores} cores, ${machine.system}; ${[...new Set(results.map(({ backend }) => backend))].join(", ")}; load before the runs ${results.map(({ load }) => load.toFixed(2)).join(", ")}.
Runs of about ${seconds} s on the emoji of examples/emoji. To repeat: \`${command}\`.

${table([HEAD, ...rows])}

* After 50 steps: off by ${worst(({ forecasts }) => forecasts.own)} at most; goal ${100 * GOAL} %, ${isMet ? "met" : "**missed**"}. From the run's own steps, and what was measured before of all else.
* Before, measured: \`maskdm forecast --measure\` on the same file, off by ${worst(({ forecasts }) => forecasts.same)} at most.
* Before, converted: from what was measured of the first configuration, off by ${worst(({ forecasts }) => forecasts.scaled)} at most.
${missing.length === 0 ? "" : `* Not measured yet: ${missing.join(", ")}.\n`}
What a run took is \`workSeconds\` of its status: steps, checkpoints, samples and measurements, without starting up and decoding.
`;
}
