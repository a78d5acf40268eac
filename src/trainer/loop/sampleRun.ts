/** Draws a grid of images, or their whole trajectory, with the weights of a run. */
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { modelShape } from "../../core/model/shape.ts";
import { resolveSource, type Source } from "../../node/run/resolve.ts";
import { readExperimentText } from "../../node/run/runFiles.ts";
import { EngineClient } from "../engine/client.ts";
import { chosenClass, classText } from "../sample/chosenClass.ts";
import { writeImageGrid } from "../sample/grid.ts";
import { TrajectoryRecorder } from "../sample/trajectory.ts";
import { drawSamples } from "./drawSamples.ts";
import { engineThreads } from "./session.ts";

export interface SampleRunRequest {
  /** run folder or id, checkpoint folder, or a safetensors file inside one */
  readonly source: string;
  readonly runsDir: string;
  readonly overrides: Parameters<typeof parseExperiment>[1];
  readonly seed?: number;
  /** class of every image, by its name or number; classes take turns when left out */
  readonly label?: string;
  /** file or null for the run's samples folder */
  readonly out: string | null;
  /** also a picture of every image at this many times on its way */
  readonly trajectory: number | null;
  readonly onStep: (done: number, total: number) => void;
  readonly note: (line: string) => void;
}

export interface SampleRunResult {
  readonly png: string;
  readonly trajectory: string | null;
  readonly count: number;
  readonly sampler: string;
  readonly steps: number;
  readonly eta: number;
  readonly weights: "raw" | "ema";
  readonly seed: number;
  readonly checkpoint: string;
  readonly step: number | null;
  /** names of the model's classes by number; null: it has none, or they are not recorded */
  readonly classes: readonly string[] | null;
  /** number of the class of every image; null: none, or they take turns */
  readonly label: number | null;
}

/** @throws UserError where there is no run or checkpoint of that name, or its weights do not fit its experiment */
export async function sampleRun(request: SampleRunRequest): Promise<SampleRunResult> {
  const source = resolveSource(request.source, [request.runsDir]);
  for (const note of source.notes) request.note(note);
  const { runDir, checkpoint } = placeOf(source);
  const experiment = experimentOf(runDir, request);
  const { sample, data } = experiment;
  const seed = request.seed ?? experiment.seed;
  const { classes } = source;
  const label = request.label === undefined ? null : chosenClass(experiment, classes, request.label);
  if (label !== null && classes !== null) request.note(`class ${classText(classes, label)}`);
  const labels = label === null ? null : new Int32Array(sample.count).fill(label);
  const file = sample.weights === "ema" ? (source.emaFile ?? source.modelFile) : source.modelFile;
  const stem = `step-${String(source.step ?? 0).padStart(8, "0")}-${sample.sampler}-${sample.steps}-seed-${seed}`;
  const png = request.out ?? join(runDir, "samples", `${stem}.png`);
  const recorder =
    request.trajectory === null
      ? null
      : new TrajectoryRecorder({
          count: sample.count,
          columns: request.trajectory,
          size: data.image_size,
          channels: data.channels,
        });

  const engine = new EngineClient();
  try {
    const { backend, threads } = { backend: experiment.engine.backend, threads: engineThreads(experiment) };
    await engine.call("init", { wanted: backend, threads, shape: modelShape(experiment), seed: 0, training: null });
    await engine.call("load", { kind: "weights", file, into: sample.weights });
    const images = await drawSamples(engine, experiment, {
      sample,
      seed,
      labels,
      onStep: (step) => {
        recorder?.record(step);
        request.onStep(step.firstImage * step.steps + (step.step + 1) * step.count, sample.count * step.steps);
      },
    });
    await writeImageGrid(png, { images, count: sample.count, imageSize: data.image_size, channels: data.channels });
  } finally {
    await engine.close();
  }
  const trajectory = recorder ? png.replace(/(\.png)?$/i, "-trajectory.png") : null;
  if (recorder && trajectory) await recorder.write(trajectory);
  const { sampler, steps, eta, count, weights } = sample;
  return { png, trajectory, count, sampler, steps, eta, weights, seed, checkpoint, step: source.step, classes, label };
}

/** The run a checkpoint belongs to: its frozen experiment says how the network is built. */
function placeOf(source: Source): { runDir: string; checkpoint: string } {
  if (source.runDir === undefined || source.experimentFile === undefined) {
    throw new UserError(
      `${source.modelFile} is not inside a run folder, so its experiment is not known. Name a run, or a checkpoint in one.`,
    );
  }
  return { runDir: source.runDir, checkpoint: source.checkpointDir ?? source.modelFile };
}

function experimentOf(runDir: string, request: SampleRunRequest): Experiment {
  const parsed = parseExperiment(readExperimentText(runDir), request.overrides);
  if (parsed.ok) return parsed.experiment;
  const lines = parsed.diagnostics.map(({ line, column, message }) => `  ${line}:${column}: ${message}`);
  throw new UserError(`The experiment of ${runDir} cannot be used:\n${lines.join("\n")}`);
}
