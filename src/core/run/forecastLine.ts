/** What a run was expected to take beside what it takes, in a line. */
import { formatDuration } from "../durationText.ts";
import { isAtWork, type RunEntry } from "./entry.ts";

/** Such as "forecast 12m 00s, took 11m 40s". The newest forecast counts. @returns null: nothing is known */
export function forecastLine({ state, status }: Pick<RunEntry, "state" | "status">): string | null {
  if (status === null) return null;
  const { workSeconds, etaSeconds, forecasts = [] } = status;
  const forecast = forecasts.at(-1);
  const parts = forecast === undefined ? [] : [`forecast ${formatDuration(forecast.seconds)}`];
  if (workSeconds === undefined) return parts[0] ?? null;
  const now = forecast === undefined ? "" : "now ";
  if (state === "finished") parts.push(`took ${formatDuration(workSeconds)}`);
  else if (!isAtWork({ state })) parts.push(`${formatDuration(workSeconds)} spent`);
  else if (etaSeconds !== null) parts.push(`${now}expected ${formatDuration(workSeconds + etaSeconds)}`);
  return parts.length === 0 ? null : parts.join(", ");
}
