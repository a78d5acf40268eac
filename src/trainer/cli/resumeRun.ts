/** What `maskdm resume` and the queue do to go on with a run. */
import { UserError } from "../../core/errors.ts";
import { changedKeys } from "../../core/experiment/changeOnResume.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { RunRecord, SessionChange } from "../../core/run/record.ts";
import { exists } from "../../node/exists.ts";
import { listCheckpoints } from "../../node/run/checkpoints.ts";
import { experimentOfRun, namedExperiment } from "../../node/run/experimentOfRun.ts";
import { parentCheckpoint } from "../../node/run/parentCheckpoint.ts";
import { resolveRun } from "../../node/run/resolve.ts";
import { configHash, EXPERIMENT_FILE, readExperimentText, readRun } from "../../node/run/runFiles.ts";
import { readStatus } from "../../node/run/status.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { StartUp } from "../loop/startUp.ts";
import { takeRun } from "../run/takenRun.ts";
import type { Io } from "./io.ts";
import { checkExperiment, readExperimentFile, trainingMachine } from "./loadExperiment.ts";
import type { RunOptions } from "./options.ts";
import { changeNotes, fileNotes, recordedChanges } from "./resumeNotes.ts";
import { shortPath } from "./shortPath.ts";
import { overridesOf, sessionRequest, trainWithProgress } from "./training.ts";

export interface ResumeOptions extends Pick<RunOptions, "runsDir" | "steps" | "until" | "set" | "started"> {
  /** a falling learning rate may be stretched over more steps */
  readonly stretchLr?: boolean;
}

/** A run that is to go on, and what is around it now. */
interface Standing {
  readonly runDir: string;
  /** the folder as the user would write it */
  readonly name: string;
  readonly record: RunRecord;
  /** steps done */
  readonly done: number;
  /** absolute path of the experiment file that it belongs to, whether it is there or not */
  readonly experimentFile: string;
  /** the one that commands can name, as the user would write it */
  readonly file: string;
  /** weights that it was finetuned from; null: new ones */
  readonly parent: string | null;
  /** arguments of the command that trains the like from the start */
  readonly anew: readonly string[];
}

/**
 * Goes on with a run, by path or id.
 * @throws UserError or CommandExit where it cannot go on, or not like that; the run is then left as it was
 */
export async function resume(text: string, options: ResumeOptions, io: Io): Promise<void> {
  const startUp = new StartUp();
  startUp.mark("program");
  const standing = await standingOf(text, options);
  const { runDir, name, record, done, experimentFile, file, parent } = standing;
  const { stage } = record;
  const { experiment, experimentText, changes, said } = await experimentToUse(standing, options, io);

  const { steps } = experiment[stage];
  if (done > steps) throw new UserError(`${runDir} has ${done} steps already, more than the ${steps} asked for.`);
  const status = readStatus(runDir);
  if (done === steps && status.ok && status.value.state === "finished") {
    for (const line of said) io.stderr(line);
    io.stdout(name);
    io.stderr(`${record.id} has all its ${steps} steps. Train it for longer with: --steps N`);
    return;
  }

  const { torchTarget } = await import("./targets/torchTarget.ts");
  const target = await torchTarget(experiment);
  if (target !== null) {
    const { resumeWithTorch } = await import("./trainWithTorch.ts");
    return resumeWithTorch(target, { run: name, options, overrides: overridesOf(options, stage) }, io);
  }

  // The lock is taken before the data are opened: two resumes of one run must not both decode and load.
  const run = await takeRun(runDir, io.stderr);
  for (const note of run.notes) io.stderr(note);
  const { checkpoint } = run;
  const fresh = parent === null ? null : ({ kind: "start", file: parent } as const);
  const isThere = await exists(experimentFile);
  const session = {
    experiment,
    stage,
    // Not before images and weights are known to fit: a run must not be left with an experiment that it cannot go on with.
    open: () => {
      const place = isThere ? { experimentFile } : {};
      const writer = run.begin(sessionRequest(experiment), { ...place, experimentText, totalSteps: steps, changes });
      // Nor is anything said of how it goes on.
      for (const line of said) {
        io.stderr(line);
        writer.log(line);
      }
      return writer;
    },
    experimentFile,
    weights: checkpoint ? ({ kind: "checkpoint", dir: checkpoint.dir } as const) : fresh,
    resumeFrom: checkpoint?.state ?? null,
    pauseAt: options.until ?? null,
    knownClasses: {
      of: record.id,
      names: checkpoint?.state.classes ?? record.classes ?? null,
      use: "resume" as const,
      otherClasses: maskdmCommand("finetune", file, "--from", name, "--set", "finetune.classes=new"),
    },
  };
  startUp.mark("experiment");
  let reason = "";
  try {
    await trainWithProgress(session, io, startUp);
  } catch (error) {
    reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw error;
  } finally {
    run.release(reason);
  }
}

async function standingOf(text: string, options: ResumeOptions): Promise<Standing> {
  const runDir = resolveRun(text, [options.runsDir]);
  const read = readRun(runDir);
  if (!read.ok) throw new UserError(`${runDir} cannot be resumed: ${read.reason}.`);
  const record = read.value;
  const experimentFile = await experimentOfRun(runDir, record);
  const parent = record.parent && parentCheckpoint(runDir, record.parent);
  const file = shortPath(await namedExperiment(runDir, experimentFile));
  if (record.imported?.optimizer === false) {
    const next = maskdmCommand(record.stage, file, "--from", shortPath(runDir));
    throw new UserError(
      `${runDir} was imported, without the state of its optimiser: it cannot go on as it was. Train on from its weights: ${next}`,
    );
  }
  const scratch = record.stage === "finetune" ? ["--from-scratch"] : [];
  const from = parent === null ? scratch : ["--from", shortPath(parent)];
  return {
    runDir,
    name: shortPath(runDir),
    record,
    done: listCheckpoints(runDir).whole.at(-1)?.step ?? 0,
    experimentFile,
    file,
    parent,
    anew: [record.stage, file, ...from],
  };
}

interface ExperimentToUse {
  readonly experiment: Experiment;
  readonly experimentText: string;
  readonly changes: readonly SessionChange[];
  /** what the user, and the run's log, should know */
  readonly said: readonly string[];
}

/**
 * The run's own copy of its experiment with what the command line changes, and what it does not use of the user's file.
 * @throws CommandExit where it has errors, or what is changed cannot be meant
 */
async function experimentToUse(standing: Standing, options: ResumeOptions, io: Io): Promise<ExperimentToUse> {
  const { runDir, name, record, done: step, experimentFile, file, anew } = standing;
  const { stage, sessions } = record;
  const frozen = readExperimentText(runDir);
  const former = parseExperiment(frozen);
  const stretchesLr = options.stretchLr === true;
  const command = maskdmCommand;
  const { experiment, text } = checkExperiment(
    `${name}/${EXPERIMENT_FILE}`,
    frozen,
    overridesOf(options, stage),
    {
      ...(await trainingMachine(frozen, overridesOf(options, stage))),
      stage,
      ...(former.ok
        ? { resumed: { experiment: former.experiment, name, step, file, anew, command, stretchesLr } }
        : {}),
    },
    io,
  );
  const changes = former.ok ? recordedChanges(changedKeys(former.experiment, experiment)) : [];
  const said = former.ok ? changeNotes(former.experiment, experiment, stage, step) : [];
  if (configHash(frozen) !== record.configHash) {
    said.push(`${name}/${EXPERIMENT_FILE} was changed by hand since the run was last at work; it is used as it is now`);
  }
  if (await exists(experimentFile)) {
    const users = { name: file, text: readExperimentFile(experimentFile), anew };
    const all = [...sessions.flatMap((session) => session.changes ?? []), ...changes];
    said.push(...fileNotes(users, experiment, stage, all));
  }
  return { experiment, experimentText: text, changes, said };
}
