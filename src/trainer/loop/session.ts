/** One session of a run: opens the data, starts the engine, trains, and leaves the run folder in order however it ends. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import { stageMask } from "../../core/batch/context.ts";
import { memoryBudget } from "../../core/cost/microBatch.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { CheckpointState } from "../../core/run/checkpointState.ts";
import type { FinalState } from "../../core/run/status.ts";
import { type Dataset, openDataset } from "../data/dataset.ts";
import { requireDataFolder } from "../data/firstLook.ts";
import { EngineClient } from "../engine/client.ts";
import type { EngineFacts, WeightSource } from "../engine/messages.ts";
import { modelShape } from "../engine/model/parameters.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { writeImageGrid } from "../sample/grid.ts";
import { BatchSource } from "./batches.ts";
import { drawSamples } from "./drawSamples.ts";
import type { StartUp } from "./startUp.ts";
import { StopRequest } from "./stopRequest.ts";
import { DivergedError, type TrainingEnd, type TrainingProgress, train } from "./train.ts";

export interface SessionNotes {
  /** a line for the user and the log */
  note(line: string): void;
  /** progress of decoding images */
  decoding(done: number, total: number): void;
}

export interface Session {
  readonly experiment: Experiment;
  readonly stage: Stage;
  /** makes or takes up the run folder, once images and weights are known to be usable */
  readonly open: () => RunWriter;
  /** the user's experiment file; relative data paths start there */
  readonly experimentFile: string;
  /** weights to begin with; null: fresh ones */
  readonly weights: WeightSource | null;
  readonly resumeFrom: CheckpointState | null;
  readonly notes: SessionNotes;
  /** goes on with what was done before the session */
  readonly startUp: StartUp;
  /** called once training begins */
  readonly begin: (run: RunWriter, facts: EngineFacts) => TrainingProgress;
}

/** Memory that a training step may plan with on this machine, in bytes. */
export function stepMemoryBudget(experiment: Experiment): number {
  return memoryBudget(experiment.engine.memory_gb, totalmem());
}

/** Threads of the engine: as asked for, or one for each core. */
export function engineThreads(experiment: Experiment): number {
  return experiment.engine.threads === "auto" ? availableParallelism() : experiment.engine.threads;
}

/** Opens the images of an experiment, with labels checked against the model. */
export async function openData(experiment: Experiment, file: string, notes: SessionNotes): Promise<Dataset> {
  const dataset = await openDataset(experiment.data, dirname(file), { onProgress: notes.decoding, log: notes.note });
  const { num_classes: classes } = experiment.model;
  if (experiment.data.labels === "folders" && classes > 0 && dataset.classes.length > classes) {
    dataset.close();
    throw new UserError(
      `${experiment.data.path} holds ${dataset.classes.length} classes (sub-folders), model.num_classes is ${classes}. ` +
        `Set model.num_classes: ${dataset.classes.length}.`,
    );
  }
  return dataset;
}

/** Trains to the end, a stop or a failure. The run folder tells the same as the result; errors are thrown after it was closed. */
export async function runSession(session: Session): Promise<TrainingEnd & { run: RunWriter }> {
  const { experiment, stage, notes } = session;
  // A folder that is not there is told at once: an engine at work has to be waited for.
  await requireDataFolder(experiment.data.path, dirname(session.experimentFile));
  // The engine's thread loads its library and draws the weights while this one looks at the images.
  const engine = new EngineClient();
  const starting = startEngine(session, engine);
  starting.catch(() => {}); // awaited below, unless the images fail first
  let dataset: Dataset | null = null;
  try {
    dataset = await openData(experiment, session.experimentFile, notes);
    session.startUp.mark("images");
    const batches = new BatchSource(experiment, stage, dataset);
    const facts = await starting;
    session.startUp.mark("engine");
    return await trainInFolder(session, { dataset, engine, batches, facts });
  } finally {
    dataset?.close();
    await engine.close();
  }
}

interface Ready {
  readonly dataset: Dataset;
  readonly engine: EngineClient;
  readonly batches: BatchSource;
  readonly facts: EngineFacts;
}

async function trainInFolder(session: Session, ready: Ready): Promise<TrainingEnd & { run: RunWriter }> {
  const { experiment, stage, notes, resumeFrom } = session;
  const { dataset, engine, batches, facts } = ready;
  const run = session.open();
  const stop = new StopRequest(() => run.stopRequested());
  const close = (state: FinalState, message: string): void => {
    for (const problem of run.close(state, message)) notes.note(problem);
  };
  try {
    run.update({ backend: facts.backend, versions: { backend: facts.version } });
    for (const line of [...facts.notes, engineLine(facts, experiment, stage)]) run.log(line);
    for (const { path, reason } of dataset.broken) run.log(`image left out: ${path}: ${reason}`);
    const dataFingerprint = fingerprint(dataset);
    warnOfChangedData(session, dataFingerprint, (line) => {
      run.log(line);
      notes.note(line);
    });
    session.startUp.mark("run folder");
    const progress = session.begin(run, facts);
    const end = await train({
      experiment,
      stage,
      run,
      engine,
      batches,
      stop,
      progress,
      resumeFrom,
      dataFingerprint,
      startUp: session.startUp,
      writeSamples: (step) => writeGrid(engine, experiment, run, step, stop),
      hasSamples: (step) => existsSync(run.samplePath(step)),
    });
    close(end.state, end.message);
    return { ...end, run };
  } catch (error) {
    const [summary = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    close(error instanceof DivergedError ? "diverged" : "failed", summary);
    throw error;
  } finally {
    stop.dispose();
  }
}

async function startEngine(session: Session, engine: EngineClient): Promise<EngineFacts> {
  const { experiment, stage, weights } = session;
  const { visibleTokens } = stageMask(experiment, stage);
  const { batch_size: batchSize, micro_batch_size: microBatchSize } = experiment[stage];
  const facts = await engine.call("init", {
    wanted: experiment.engine.backend,
    threads: engineThreads(experiment),
    shape: modelShape(experiment),
    seed: experiment.seed,
    training: { batchSize, visibleTokens, microBatchSize, budgetBytes: stepMemoryBudget(experiment) },
  });
  const notes = weights ? await engine.call("load", weights) : [];
  return { ...facts, notes: [...facts.notes, ...notes] };
}

function engineLine(facts: EngineFacts, experiment: Experiment, stage: Stage): string {
  const { batch_size: batch } = experiment[stage];
  const micro = facts.microBatchSize < batch ? `, in micro-batches of ${facts.microBatchSize}` : "";
  const memory = (facts.predictedBytes / 2 ** 30).toFixed(2);
  return `engine: ${facts.backend} (${facts.version}), batch ${batch}${micro}, ${memory} GiB predicted`;
}

class SamplesGivenUp extends Error {}

/** Draws the sample grid of a step into the run folder. A stop does not wait for it: a resume draws what is missing. */
async function writeGrid(
  engine: EngineClient,
  experiment: Experiment,
  run: RunWriter,
  step: number,
  stop: StopRequest,
): Promise<void> {
  const { data, seed, sample } = experiment;
  const onStep = () => {
    if (stop.reason !== null) throw new SamplesGivenUp();
  };
  try {
    const images = await drawSamples(engine, experiment, { sample, seed, labels: null, onStep });
    const grid = { images, count: sample.count, imageSize: data.image_size, channels: data.channels };
    await writeImageGrid(run.samplePath(step), grid);
  } catch (error) {
    if (!(error instanceof SamplesGivenUp)) throw error;
    run.log(`samples of step ${step} given up for the stop; a resume draws them`);
  }
}

/** Identifies the images by their number and paths. */
function fingerprint(dataset: Dataset): string {
  const hash = createHash("sha256");
  for (const { path } of dataset.images) hash.update(`${path}\n`);
  return `${dataset.count} images, ${hash.digest("hex").slice(0, 16)}`;
}

function warnOfChangedData(session: Session, now: string, warn: (line: string) => void): void {
  const before = session.resumeFrom?.loop?.["data"];
  if (typeof before === "string" && before !== now) {
    warn(
      `The images have changed since the checkpoint (${before} then, ${now} now): the run goes on, but not bit for bit.`,
    );
  }
}
