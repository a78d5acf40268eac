/** Training by the PyTorch engine: the arguments of this program's own commands, and how it went. */
import { resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { RunParent } from "../../core/run/record.ts";
import { torchName } from "../../core/torch/about.ts";
import { readStatus } from "../../node/run/status.ts";
import type { TorchPython } from "../torch/findTorch.ts";
import { handOver } from "./handOver.ts";
import type { Io } from "./io.ts";
import type { RunOptions, SetOption } from "./options.ts";

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
 * @throws as handOver
 */
export async function startWithTorch({ python, about }: TorchPython, start: TorchStart, io: Io) {
  io.stderr(`training is handed over to ${torchName(about)} (${python})`);
  const { started } = start.options;
  const lines = await handOver({ python, args: startArguments(start), input: start.original, started }, io);
  const [dir] = lines;
  if (dir === undefined) throw new UserError("The PyTorch engine did not say where its run is.", "failure");
  const status = readStatus(resolve(dir));
  if (!status.ok) throw new UserError(`${dir}: ${status.reason}.`, "failure");
  return { state: status.value.state, dir: resolve(dir) };
}

/** Goes on with a run. @throws as handOver */
export async function resumeWithTorch({ python, about }: TorchPython, resume: TorchResume, io: Io): Promise<void> {
  io.stderr(`training is handed over to ${torchName(about)} (${python})`);
  const { run, options, overrides } = resume;
  const args = [
    ...["resume", run, ...option("runs-dir", options.runsDir)],
    ...setOptions(overrides),
    ...option("until", options.until),
    ...(options.stretchLr === true ? ["--stretch-lr"] : []),
  ];
  await handOver({ python, args, input: null, started: options.started }, io);
}
