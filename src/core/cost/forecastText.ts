/** A forecast in words. */
import { formatDuration, formatStepTime } from "../durationText.ts";
import { stepsText } from "../masks/schedule.ts";
import { bytes, count, operations, percent, plural } from "../numbers.ts";
import type { ForecastBasis } from "../run/forecasts.ts";
import type { Forecast, TimeForecast } from "./forecast.ts";
import type { StageEvent } from "./stageEvents.ts";

/** What it was worked out from. */
export const BASIS_TEXT: Readonly<Record<ForecastBasis, string>> = {
  own: "the run's own steps",
  same: "steps of this very configuration",
  scaled: "steps of another configuration, converted by operations",
};

const EVENT_NAMES: Readonly<Record<StageEvent, string>> = {
  checkpoints: "checkpoints",
  sampleGrids: "sample grids",
  heldOut: "held-out losses",
  evaluations: "evaluations",
};

const UNTIMED = "not known: this machine was not measured with this backend and these threads";
const UNTIMED_TORCH = "not known: PyTorch trains, and a run of it says how long it takes once it is at work";

/** The lines that `maskdm forecast` prints of a stage. */
export function forecastText({
  stage,
  steps,
  images,
  events,
  flops,
  memoryBytes,
  disk,
  time,
  torch,
}: Forecast): string {
  const rows: [string, string][] = [
    ...(time === null ? [["time", torch ? UNTIMED_TORCH : UNTIMED] as [string, string]] : timeRows(time, events)),
    ["work", operations(flops)],
    ["memory", torch ? `about ${bytes(memoryBytes)} of the device in float32` : `${bytes(memoryBytes)} at most`],
    ["disk", `${bytes(disk.total)} at most: ${diskText(disk)}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return [`${stage}: ${plural(steps, "step")}, ${plural(images, "image")}`, ...lines].join("\n");
}

function timeRows(time: TimeForecast, events: Forecast["events"]): [string, string][] {
  const { parts, pieces, backend, measuredAt, basis } = time;
  const isOne = pieces.length === 1;
  const from = `${BASIS_TEXT[basis]}, measured on ${measuredAt.slice(0, 10)} (${backend})`;
  const kinds = (Object.keys(EVENT_NAMES) as StageEvent[]).filter((kind) => events[kind] > 0);
  return [
    ["time", `${formatDuration(time.totalSeconds)}, give or take ${percent(time.expectedError)}: from ${from}`],
    ["  starting up", formatDuration(parts.startUp)],
    ["  steps", `${formatDuration(parts.steps)}, ${formatStepTime(time.secondsPerStep)} each`],
    ...(isOne ? [] : pieces).map((piece): [string, string] => [
      `    ${piece.name}`,
      `${stepsText(piece)}, ${formatStepTime(piece.secondsPerStep)} each`,
    ]),
    ...kinds.map((kind): [string, string] => [
      `  ${EVENT_NAMES[kind]}`,
      `${formatDuration(parts[kind])}, ${count(events[kind])} of ${formatStepTime(parts[kind] / events[kind])}`,
    ]),
  ];
}

const diskText = ({ checkpoints, sampleGrids, evaluations, records }: Forecast["disk"]): string =>
  [
    ["checkpoints", checkpoints] as const,
    ["sample grids", sampleGrids] as const,
    ["samples of evaluations", evaluations] as const,
    ["metrics, log and documents", records] as const,
  ]
    .filter(([, size]) => size > 0)
    .map(([name, size]) => `${name} ${bytes(size)}`)
    .join(", ");
