/** Runs as tools name, find and return them. */
import * as z from "zod";
import { UserError } from "../errors.ts";
import { newestFirst, type RunEntry } from "../run/entry.ts";
import { forecastLine } from "../run/forecastLine.ts";
import { stageInput } from "./inputs.ts";
import type { FileLink } from "./tool.ts";
import type { ToolHost } from "./toolHost.ts";

export const runInput = () => z.string().min(1).describe("A run: its id, name or folder. run_status lists them.");

export const runSchema = () =>
  z.object({
    run: z.string().describe("Its id."),
    folder: z.string(),
    name: z.string().describe("What lists call it."),
    stage: stageInput().nullable(),
    state: z
      .enum([
        "queued",
        "starting",
        "running",
        "stopping",
        "finished",
        "stopped",
        "interrupted",
        "failed",
        "diverged",
        "damaged",
      ])
      .describe("stopped, interrupted, failed and diverged ones can be resumed."),
    step: z.number().int().nullable(),
    steps: z.number().int().nullable(),
    loss: z.number().nullable().describe("Of the newest step."),
    etaSeconds: z.number().nullable().describe("Seconds of work left; null: not at work, or not known."),
    time: z.string().nullable().describe("What it was expected to take, and what it takes."),
    message: z.string().nullable().describe("What is going on, or why it ended or did not begin."),
    parent: z.string().nullable().describe("Run whose weights it started from."),
  });

export type RunData = z.input<ReturnType<typeof runSchema>>;

export function runData(entry: RunEntry, host: ToolHost): RunData {
  const { id, dir, label, stage, state, status, record, reason, parent } = entry;
  const atWork = state === "running" || state === "stopping";
  return {
    ...{ run: id, folder: host.shown(dir), name: label, stage, state },
    step: status?.step ?? null,
    steps: status?.totalSteps ?? record?.totalSteps ?? null,
    loss: status?.loss ?? null,
    etaSeconds: atWork ? (status?.etaSeconds ?? null) : null,
    time: forecastLine(entry),
    message: reason ?? status?.message ?? null,
    parent,
  };
}

/** "faces-01: pretrain running, step 40 of 200, loss 0.12 (forecast 12s)" */
export function runLine({ run, name, stage, state, step, steps, loss, time, message }: RunData): string {
  const parts = [
    `${run === name ? run : `${run} (${name})`}: ${stage ?? "run"} ${state}`,
    ...(step === null ? [] : [`step ${step} of ${steps ?? "?"}`]),
    ...(loss === null ? [] : [`loss ${Number(loss.toPrecision(4))}`]),
    ...(time === null ? [] : [time]),
    ...(message === null ? [] : [message]),
  ];
  return parts.join(", ");
}

/** @throws UserError where there is none, or more than one, of that name */
export function findRun(runs: readonly RunEntry[], text: string, host: ToolHost): RunEntry {
  const asked = text.trim().replace(/[/\\]+$/, "");
  const isNamed = ({ id, dir }: RunEntry): boolean => [id, dir, host.shown(dir)].includes(asked);
  const named = runs.filter(isNamed);
  const found = named.length > 0 ? named : runs.filter(({ label }) => label === asked);
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new UserError(
      `${asked} is more than one run: ${found.map(({ dir }) => host.shown(dir)).join(", ")}. Name the folder.`,
    );
  const known = newestFirst(runs)
    .slice(0, 5)
    .map(({ id }) => id);
  const there = known.length === 0 ? "There are no runs yet." : `The newest ones: ${known.join(", ")}.`;
  throw new UserError(`There is no run ${JSON.stringify(asked)} here. ${there} run_status lists all.`);
}

/** Of how a run stands, to be followed without a tool. */
export const runLinks = ({ dir }: RunEntry): FileLink[] => [
  {
    path: `${dir}/experiment.maskdm.yaml`,
    mimeType: "application/yaml",
    description: "the experiment as it is trained",
  },
  { path: `${dir}/log.txt`, mimeType: "text/plain", description: "the run's log" },
];

/** Longer than lists take to show a change. */
const MOVING_MS = 1000;

/** A run that was there just now; while the queue moves its entry it is not listed. @throws UserError where it does not come back */
export async function entryOf(dir: string, host: ToolHost, signal: AbortSignal): Promise<RunEntry> {
  const look = async () => (await host.runs()).find((run) => run.dir === dir);
  const entry = (await look()) ?? (await host.pause(MOVING_MS, signal).then(look));
  if (entry !== undefined) return entry;
  throw new UserError(
    `${host.shown(dir)} is gone, or was taken out of the queue. run_status lists all runs.`,
    "failure",
  );
}
