/** What `pretrain`, `finetune` and `resume` have in common. */
import { dirname, resolve } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { knownClasses } from "../../core/classes/knownClasses.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { CheckpointFacts } from "../../core/lint/facts.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { RunParent } from "../../core/run/record.ts";
import type { RunState } from "../../core/run/status.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import type { EngineFacts, WeightSource } from "../engine/messages.ts";
import type { Session, SessionNotes } from "../loop/session.ts";
import { StartUp } from "../loop/startUp.ts";
import type { SessionRequest } from "../run/runFolder.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { CommandExit } from "./errors.ts";
import type { Io } from "./io.ts";
import { checkExperiment, imageFactsOf, readExperimentFile, trainingMachine } from "./loadExperiment.ts";
import type { RunOptions, SetOption } from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";
import { shortPath } from "./shortPath.ts";

/** `--steps N` is `--set <stage>.steps=N`. */
export function overridesOf(options: Pick<RunOptions, "set" | "steps">, stage: Stage): SetOption[] {
  const steps = options.steps === undefined ? [] : [{ path: `${stage}.steps`, value: String(options.steps) }];
  return [...options.set, ...steps];
}

export function sessionRequest(experiment: Experiment): SessionRequest {
  return {
    command: ["maskdm", ...process.argv.slice(2)],
    versions: { maskdm: packageJson.version, node: process.versions.node },
    backend: experiment.engine.backend,
  };
}

/** How a run's session ended, and where the run is. */
export interface Trained {
  readonly state: RunState;
  readonly dir: string;
}

/** Weights that a new run starts from, where they come from, and the experiment they were trained with. */
export interface StartingPoint {
  readonly weights: WeightSource;
  readonly parent: RunParent;
  readonly trainedWith: CheckpointFacts;
  /** what to say of it before it is used */
  readonly notes: readonly string[];
}

/**
 * Starts a new run of a stage and trains it.
 * @param original the experiment, where it is not the file's text as it stands
 * @param startUp what was done before, where this is not the first session of the process
 * @throws CommandExit with code 1 where the loss diverged
 */
export async function startRun(
  file: string,
  stage: Stage,
  options: RunOptions,
  source: StartingPoint | null,
  io: Io,
  original: string = readExperimentFile(file),
  startUp: StartUp = new StartUp(),
): Promise<Trained> {
  startUp.mark("program");
  const overrides = overridesOf(options, stage);
  const checkpoint = source?.trainedWith;
  const { experimentBehind } = await import("../../node/run/experimentOfRun.ts");
  const experimentFile = await experimentBehind(file);
  const images = await imageFactsOf(original, overrides, dirname(experimentFile));
  const machine = await trainingMachine(original, overrides);
  const facts = { ...machine, stage, ...images, ...(checkpoint ? { checkpoint } : {}) };
  const { experiment, text } = checkExperiment(file, original, overrides, facts, io);
  const { torchTarget } = await import("./targets/torchTarget.ts");
  const target = await torchTarget(experiment);
  if (target !== null) {
    const { startWithTorch } = await import("./trainWithTorch.ts");
    return startWithTorch(target, { experimentFile, original, stage, options, overrides, source }, io);
  }
  const [{ createRun }, { checkFree }, { recordedChanges }, { changedKeys }] = await Promise.all([
    import("../run/runFolder.ts"),
    import("../../node/run/newRun.ts"),
    import("./resumeNotes.ts"),
    import("../../core/experiment/changeOnResume.ts"),
  ]);
  const plain = parseExperiment(original);
  // Said before images are decoded; createRun says it again if somebody else was quicker.
  if (options.run !== undefined) checkFree(resolve(options.runsDir), options.run);
  const open = () =>
    createRun({
      ...sessionRequest(experiment),
      runsDir: options.runsDir,
      ...(options.run === undefined ? {} : { id: options.run }),
      annotations: { group: options.group, name: options.name },
      experimentFile,
      experimentText: text,
      changes: plain.ok ? recordedChanges(changedKeys(plain.experiment, experiment)) : [],
      stage,
      seed: experiment.seed,
      totalSteps: experiment[stage].steps,
      parent: source?.parent ?? null,
    });
  for (const note of source?.notes ?? []) io.stderr(note);
  startUp.mark("experiment");
  const session = {
    experiment,
    stage,
    open,
    experimentFile,
    weights: source?.weights ?? null,
    resumeFrom: null,
    pauseAt: options.until ?? null,
    knownClasses: knownClasses(experiment, checkpoint),
  };
  return trainWithProgress(session, io, startUp);
}

/**
 * Runs a session with its progress shown on stderr; the run's folder is printed on stdout once it exists.
 * @param startUp what was done before
 * @throws CommandExit with code 1 where the loss diverged
 */
export async function trainWithProgress(
  session: Omit<Session, "notes" | "begin" | "startUp">,
  io: Io,
  startUp: StartUp,
): Promise<Trained> {
  const [{ runSession }, { namedExperiment }] = await Promise.all([
    import("../loop/session.ts"),
    import("../../node/run/experimentOfRun.ts"),
  ]);
  const { stage, experiment, resumeFrom } = session;
  let progress: Progress | null = null;
  let decoding: Progress | null = null;
  const notes: SessionNotes = {
    note: (line) => io.stderr(line),
    decoding(done, total) {
      decoding ??= createProgress(io, { label: "decoding", total, unit: "images" });
      decoding.update(done);
      if (done === total) decoding.finish();
    },
  };
  const begin = (run: RunWriter, facts: EngineFacts): Progress => {
    io.stdout(shortPath(run.dir));
    const { steps, batch_size: batch } = experiment[stage];
    io.stderr(`${stage} on ${facts.backend}, ${steps} steps of ${batch} images`);
    progress = createProgress(io, { label: stage, total: steps, unit: "steps", start: resumeFrom?.step ?? 0 });
    return progress;
  };
  try {
    const end = await runSession({ ...session, notes, begin, startUp });
    (progress as Progress | null)?.finish(end.message);
    const file = shortPath(await namedExperiment(end.run.dir, session.experimentFile));
    io.stderr(afterwards(end.state, shortPath(end.run.dir), stage, file));
    if (end.state === "diverged") throw new CommandExit(1);
    return { state: end.state, dir: end.run.dir };
  } catch (error) {
    if (!(error instanceof CommandExit)) (progress as Progress | null)?.finish("failed");
    throw error;
  }
}

function afterwards(state: string, dir: string, stage: Stage, file: string): string {
  if (state === "stopped") return `Go on with: ${maskdmCommand("resume", dir)}`;
  if (state === "diverged") return `The loss diverged; see ${dir}/log.txt`;
  return stage === "pretrain"
    ? `Next: ${maskdmCommand("finetune", file, "--from", dir)}`
    : `Next: ${maskdmCommand("sample", dir)}`;
}
