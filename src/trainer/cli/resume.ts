/** `maskdm resume RUN`: goes on where a run stopped. */
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { usableMemory } from "../../node/machine.ts";
import type { WeightSource } from "../engine/messages.ts";
import type { Io } from "./io.ts";
import { checkExperiment } from "./loadExperiment.ts";
import {
  addEndings,
  addExamples,
  collectSetOption,
  parsePositiveInteger,
  type RunOptions,
  runsDirOption,
} from "./options.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("resume")
    .description("Go on from a run's newest checkpoint, as if it had never stopped.")
    .argument("<run>", "run folder or id")
    .addOption(runsDirOption())
    .option("--steps <n>", "train up to this step, whatever the run's file says", parsePositiveInteger)
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, [])
    .action(async (text: string, options: RunOptions) => resume(text, options, io));
  addEndings(command, "maskdm queue add --resume RUN");
  addExamples(command, [
    ["maskdm resume runs/2026-01-31-faces-pretrain-01", "go on from its newest checkpoint"],
    ["maskdm resume 2026-01-31-faces-pretrain-01 --steps 400000", "train a finished run for longer"],
  ]);
}

/** Goes on with a run, by path or id. */
export async function resume(
  text: string,
  options: Pick<RunOptions, "runsDir" | "steps" | "set">,
  io: Io,
): Promise<void> {
  const [
    { listCheckpoints },
    { resolveRun },
    { readRun, readExperimentText, EXPERIMENT_FILE },
    { resumeRun },
    { readStatus },
    { StartUp },
    training,
  ] = await Promise.all([
    import("../../node/run/checkpoints.ts"),
    import("../../node/run/resolve.ts"),
    import("../../node/run/runFiles.ts"),
    import("../run/runFolder.ts"),
    import("../../node/run/status.ts"),
    import("../loop/startUp.ts"),
    import("./training.ts"),
  ]);
  const startUp = new StartUp();
  startUp.mark("program");
  const runDir = resolveRun(text, [options.runsDir]);
  const record = readRun(runDir);
  if (!record.ok) throw new UserError(`${runDir} cannot be resumed: ${record.reason}.`);
  const { stage, experimentFile, parent } = record.value;
  const overrides = training.overridesOf(options, stage);
  const facts = { memoryBytes: usableMemory(), stage };
  const frozen = `${runDir}/${EXPERIMENT_FILE}`;
  const { experiment, text: experimentText } = checkExperiment(
    frozen,
    readExperimentText(runDir),
    overrides,
    facts,
    io,
  );

  const { steps } = experiment[stage];
  const done = listCheckpoints(runDir).whole.at(-1)?.step ?? 0;
  if (done > steps) throw new UserError(`${runDir} has ${done} steps already, more than the ${steps} asked for.`);
  const status = readStatus(runDir);
  if (done === steps && status.ok && status.value.state === "finished") {
    io.stdout(training.shortPath(runDir));
    io.stderr(`${record.value.id} has all its ${steps} steps. Train it for longer with: --steps N`);
    return;
  }

  // The lock is taken before the data are opened: two resumes of one run must not both decode and load.
  const { run, checkpoint, notes } = await resumeRun(runDir, training.sessionRequest(experiment), io.stderr);
  for (const note of notes) io.stderr(note);
  const fresh: WeightSource | null = parent ? { kind: "start", file: parent.checkpoint } : null;
  const session = {
    experiment,
    stage,
    open: () => {
      // Not before images and weights are known to fit: a run must not be left with an experiment that it cannot go on with.
      if (overrides.length > 0) run.update({ experimentText, totalSteps: steps });
      return run;
    },
    experimentFile,
    weights: checkpoint ? ({ kind: "checkpoint", dir: checkpoint.dir } as const) : fresh,
    resumeFrom: checkpoint?.state ?? null,
    knownClasses: {
      of: record.value.id,
      names: checkpoint?.state.classes ?? record.value.classes ?? null,
      use: "resume" as const,
    },
  };
  startUp.mark("experiment");
  try {
    await training.trainWithProgress(session, io, startUp);
  } catch (error) {
    // Closing again is harmless; it matters where the data could not be opened.
    run.close("failed", error instanceof Error ? (error.message.split("\n")[0] ?? null) : null);
    throw error;
  }
}
