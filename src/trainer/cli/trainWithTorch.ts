/** Training by the PyTorch engine: the arguments of this program's own commands, and how it went. */
import { resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { Stage } from "../../core/random/streams.ts";
import { experimentName, newRunId } from "../../core/run/names.ts";
import type { RunParent } from "../../core/run/record.ts";
import { namesIn } from "../../node/run/files.ts";
import { localDate } from "../../node/run/newRun.ts";
import { readStatus } from "../../node/run/status.ts";
import type { Io } from "./io.ts";
import type { RunOptions, SetOption } from "./options.ts";
import type { TorchTarget } from "./targets/target.ts";

/** A run that is to begin. */
export interface TorchStart {
  /** relative paths in the experiment start at its folder */
  readonly experimentFile: string;
  /** the experiment without what `overrides` change: what is trained, whatever the file says by now */
  readonly original: string;
  readonly stage: Stage;
  readonly options: RunOptions;
  readonly overrides: readonly SetOption[];
  /** what it starts from; null: new weights */
  readonly source: { readonly parent: Pick<RunParent, "checkpoint"> } | null;
}

/** A run that is to go on. */
export interface TorchResume {
  readonly run: string;
  readonly options: Pick<RunOptions, "runsDir" | "until" | "started"> & { readonly stretchLr?: boolean };
  readonly overrides: readonly SetOption[];
}

/** An option with its value, where that is given. */
const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [`--${name}`, String(value)];

export const setOptions = (overrides: readonly SetOption[]): string[] =>
  overrides.flatMap(({ path, value }) => option("set", `${path}=${value}`));

export function startArguments({ experimentFile, stage, options, overrides, source }: TorchStart): string[] {
  const scratch = stage === "finetune" ? ["--from-scratch"] : [];
  return [
    ...[stage, experimentFile, "--experiment-text", "-"],
    ...(source === null ? scratch : ["--from", source.parent.checkpoint]),
    ...option("run", options.run),
    ...option("runs-dir", options.runsDir),
    ...setOptions(overrides),
    ...option("until", options.until),
    ...option("group", options.group),
    ...option("name", options.name),
  ];
}

/**
 * Starts a new run and trains it.
 * @returns how its session ended, and where it is
 * @throws as TorchTarget.train
 */
export async function startWithTorch(target: TorchTarget, start: TorchStart, io: Io) {
  io.stderr(`training is handed over to ${target.name}`);
  const ordered = target.isElsewhere ? forElsewhere(start) : start;
  const { run, runsDir, started } = ordered.options;
  const runDir = run === undefined ? null : resolve(runsDir, run);
  const dir = await target.train({ args: startArguments(ordered), input: start.original, runDir, started }, io);
  const status = readStatus(dir);
  if (!status.ok) throw new UserError(`${dir}: ${status.reason}.`, "failure");
  return { state: status.value.state, dir };
}

/** The same by absolute paths, and with a name for the run: whoever waits for it here has to know where it will be. */
function forElsewhere(start: TorchStart): TorchStart {
  const { experimentFile, stage, options, source } = start;
  const runsDir = resolve(options.runsDir);
  const run = options.run ?? newRunId(localDate(), experimentName(experimentFile), stage, namesIn(runsDir));
  return {
    ...start,
    experimentFile: resolve(experimentFile),
    options: { ...options, runsDir, run },
    source: source && { parent: { checkpoint: resolve(source.parent.checkpoint) } },
  };
}

/** Goes on with a run. @throws as TorchTarget.train */
export async function resumeWithTorch(target: TorchTarget, resume: TorchResume, io: Io): Promise<void> {
  io.stderr(`training is handed over to ${target.name}`);
  const { run, options, overrides } = resume;
  const place = (path: string): string => (target.isElsewhere ? resolve(path) : path);
  const args = [
    ...["resume", place(run), ...option("runs-dir", place(options.runsDir))],
    ...setOptions(overrides),
    ...option("until", options.until),
    ...(options.stretchLr === true ? ["--stretch-lr"] : []),
  ];
  await target.train({ args, input: null, runDir: resolve(run), started: options.started }, io);
}
