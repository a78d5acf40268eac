/** One session of a run: opens the data, starts the engine, trains, and leaves the run folder in order however it ends. */
import { dirname } from "node:path";
import { stageMasks } from "../../core/batch/context.ts";
import { drawnClasses } from "../../core/classes/drawnClasses.ts";
import type { KnownClasses } from "../../core/classes/numberClasses.ts";
import { memoryBudget } from "../../core/cost/microBatch.ts";
import { RunPace } from "../../core/cost/runPace.ts";
import { measurementFor } from "../../core/cost/speed.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { pieceAt } from "../../core/masks/schedule.ts";
import { modelShape } from "../../core/model/shape.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { CheckpointState } from "../../core/run/checkpointState.ts";
import type { FinalState } from "../../core/run/status.ts";
import { shownText } from "../../core/shownText.ts";
import { usableMemory } from "../../node/machine.ts";
import { machineName, readMeasurements } from "../../node/speedFile.ts";
import { type DataFingerprint, dataFingerprint, imageList } from "../data/dataFingerprint.ts";
import type { Dataset } from "../data/dataset.ts";
import { requireDataPath } from "../data/firstLook.ts";
import { type ExperimentImages, openExperimentImages } from "../data/openExperimentImages.ts";
import { cacheFolder } from "../data/pixelCache.ts";
import { EngineClient } from "../engine/client.ts";
import { engineThreads } from "../engine/engineThreads.ts";
import type { EngineFacts, WeightSource } from "../engine/messages.ts";
import { ownBackend } from "../engine/wantedBackend.ts";
import { measuredImages } from "../evaluation/measuredImages.ts";
import { imagesSince, writeImageList } from "../run/imageListFile.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { BatchSource } from "./batches.ts";
import type { StartUp } from "./startUp.ts";
import { StepEvaluations } from "./stepEvaluations.ts";
import { StepHeldOut } from "./stepHeldOut.ts";
import { StepSamples } from "./stepSamples.ts";
import { StopRequest } from "./stopRequest.ts";
import { DivergedError, type TrainingEnd, TrainingLoop, type TrainingProgress } from "./train.ts";

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
  /** step at which it saves and ends as stopped, to go on later; null: at its last */
  readonly pauseAt: number | null;
  /** classes that the weights know; null: new weights, or classes that are numbered anew */
  readonly knownClasses: KnownClasses | null;
  readonly notes: SessionNotes;
  /** goes on with what was done before the session */
  readonly startUp: StartUp;
  /** called once training begins */
  readonly begin: (run: RunWriter, facts: EngineFacts) => TrainingProgress;
}

/** Memory that a training step may plan with on this machine, in bytes. */
export function stepMemoryBudget(experiment: Experiment): number {
  return memoryBudget(experiment.engine.memory_gb, usableMemory());
}

/** Trains to the end, a stop or a failure. The run folder tells the same as the result; errors are thrown after it was closed. */
export async function runSession(session: Session): Promise<TrainingEnd & { run: RunWriter }> {
  const { experiment, stage, notes } = session;
  // A folder that is not there is told at once: an engine at work has to be waited for.
  await requireDataPath(experiment.data, dirname(session.experimentFile));
  // The engine's thread loads its library and draws the weights while this one looks at the images.
  const engine = new EngineClient();
  const starting = startEngine(session, engine);
  let unusable: { readonly error: unknown } | null = null;
  starting.catch((error: unknown) => {
    unusable = { error };
  });
  let dataset: Dataset | null = null;
  try {
    const opened = await openExperimentImages(experiment, dirname(session.experimentFile), session.knownClasses, {
      onProgress(done, total) {
        // No image is decoded for an engine that cannot train on it.
        if (unusable) throw unusable.error;
        notes.decoding(done, total);
      },
      log: notes.note,
    });
    dataset = opened.dataset;
    const chosen = drawnClasses(experiment, opened.classes);
    if (experiment[stage].evaluate_every > 0) {
      measuredImages(dataset, chosen, `Add images to data.path, or set ${stage}.evaluate_every to 0.`);
    }
    session.startUp.mark("images");
    const batches = new BatchSource(experiment, stage, dataset);
    const facts = await starting;
    session.startUp.mark("engine");
    return await trainInFolder(session, { ...opened, chosen, engine, batches, facts });
  } finally {
    dataset?.close();
    await engine.close();
  }
}

interface Ready extends ExperimentImages {
  readonly engine: EngineClient;
  readonly batches: BatchSource;
  readonly facts: EngineFacts;
  readonly chosen: readonly number[] | null;
}

async function trainInFolder(session: Session, ready: Ready): Promise<TrainingEnd & { run: RunWriter }> {
  const { experiment, stage, notes, resumeFrom, pauseAt } = session;
  const { dataset, classes, classNotes, engine, batches, facts, chosen } = ready;
  const run = session.open();
  const stop = new StopRequest(
    () => run.stopRequested(),
    () => engine.cancelSteps(),
  );
  const close = (state: FinalState, message: string): void => {
    for (const problem of run.close(state, message)) notes.note(problem);
  };
  try {
    run.update({ backend: facts.backend, versions: { backend: facts.version }, ...(classes ? { classes } : {}) });
    for (const line of [...facts.notes, engineLine(facts, experiment, stage), ...classNotes]) run.log(line);
    for (const note of dataset.notes) run.log(note);
    for (const { path, reason } of dataset.broken) run.log(`image left out: ${shownText(path)}: ${reason}`);
    const tell = (line: string): void => {
      run.log(line);
      notes.note(line);
    };
    // Weights that are there already take as many channels as they take.
    if (session.weights === null && dataset.greyHint !== null) tell(dataset.greyHint);
    const fingerprint = await noteImages(session, dataset, run, tell);
    session.startUp.mark("run folder");
    const progress = session.begin(run, facts);
    const parts = { run, note: notes.note, experiment, stage, engine, facts, stop, chosen };
    const measuring = { cacheDir: cacheFolder(dirname(session.experimentFile)), threads: engineThreads(experiment) };
    const loop = new TrainingLoop({
      experiment,
      stage,
      run,
      engine,
      batches,
      stop,
      progress,
      resumeFrom,
      pauseAt,
      dataFingerprint: fingerprint,
      classes,
      startUp: session.startUp,
      samples: new StepSamples(parts),
      heldOut: dataset.heldOut.count > 0 ? new StepHeldOut({ ...parts, images: dataset.heldOut }) : null,
      evaluations: new StepEvaluations({ ...parts, ...measuring, dataset }),
      pace: new RunPace(experiment, stage, {
        machineBytes: usableMemory(),
        measurement: measurementFor(readMeasurements(), machineName(), experiment, facts.backend),
        images: dataset.count + dataset.heldOut.count,
      }),
    });
    const end = await loop.run();
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
  const masks = stageMasks(experiment, stage);
  const { batch_size: batchSize, micro_batch_size: microBatchSize } = experiment[stage];
  const facts = await engine.call("init", {
    wanted: ownBackend(experiment),
    threads: engineThreads(experiment),
    shape: modelShape(experiment),
    seed: experiment.seed,
    training: {
      batchSize,
      visibleTokens: masks.map(({ geometry }) => geometry.visibleTokens),
      first: pieceAt(masks, session.resumeFrom?.step ?? 0).geometry.visibleTokens,
      microBatchSize,
      budgetBytes: stepMemoryBudget(experiment),
    },
  });
  // Said while images are decoded: who reads that the memory may not do need not wait for them.
  for (const note of facts.notes) session.notes.note(note);
  const notes = weights ? await engine.call("load", weights) : [];
  for (const note of notes) session.notes.note(note);
  return { ...facts, notes: [...facts.notes, ...notes] };
}

function engineLine(facts: EngineFacts, experiment: Experiment, stage: Stage): string {
  const { batch_size: batch } = experiment[stage];
  const sizes = facts.microBatchSizes;
  const micro = sizes.some((size) => size < batch) ? `, in micro-batches of ${sizes.join(", then ")}` : "";
  const memory = (facts.predictedBytes / 2 ** 30).toFixed(2);
  return `engine: ${facts.backend} (${facts.version}), batch ${batch}${micro}, ${memory} GiB predicted`;
}

/** Warns where the images are not those of the checkpoint, and keeps the list of them for the next resume. */
async function noteImages(
  { resumeFrom }: Session,
  dataset: Dataset,
  run: RunWriter,
  warn: (line: string) => void,
): Promise<DataFingerprint> {
  const images = imageList(dataset);
  const now = dataFingerprint(images);
  const how = resumeFrom && imagesSince(run.dir, resumeFrom, images);
  if (how !== null) {
    warn(`The images have changed since the checkpoint (${how}): the run goes on, but not bit for bit.`);
  }
  await writeImageList(run.dir, now, images);
  return now;
}
