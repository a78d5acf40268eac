/** Draws a grid of images, or their whole trajectory, with the weights of a run. */
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { type ChangedKey, changedKeys, onResume } from "../../core/experiment/changeOnResume.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { yamlText } from "../../core/experiment/yamlText.ts";
import { resolveSource, type Source } from "../../node/run/resolve.ts";
import { readExperimentText } from "../../node/run/runFiles.ts";
import { EngineClient } from "../engine/client.ts";
import { modelShape } from "../engine/model/parameters.ts";
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
  /** class of every image; classes take turns when left out */
  readonly label?: number;
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
}

/** @throws UserError where there is no run or checkpoint of that name, or its weights do not fit its experiment */
export async function sampleRun(request: SampleRunRequest): Promise<SampleRunResult> {
  const source = resolveSource(request.source, [request.runsDir]);
  for (const note of source.notes) request.note(note);
  const { runDir, checkpoint } = placeOf(source);
  const experiment = experimentOf(runDir, request);
  const { sample, data } = experiment;
  const seed = request.seed ?? experiment.seed;
  const labels = labelsOf(experiment, request.label);
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
  return { png, trajectory, count, sampler, steps, eta, weights, seed, checkpoint, step: source.step };
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
  const text = readExperimentText(runDir);
  const parsed = parseExperiment(text, request.overrides);
  if (parsed.ok) {
    const frozen = parseExperiment(text);
    if (frozen.ok) checkChanges(changedKeys(frozen.experiment, parsed.experiment), runDir, request.note);
    return parsed.experiment;
  }
  const lines = parsed.diagnostics.map(({ line, column, message }) => `  ${line}:${column}: ${message}`);
  throw new UserError(`The experiment of ${runDir} cannot be used:\n${lines.join("\n")}`);
}

const DRAWS = /^(sample\.|engine\.|seed$)/;

/** @throws UserError where a key is changed that the weights were trained for */
function checkChanges(changes: readonly ChangedKey[], runDir: string, note: (line: string) => void): void {
  for (const { path, from, to } of changes) {
    const rule = onResume(path);
    if (rule.may === "never" && rule.breaks !== "start") {
      throw new UserError(
        `--set ${path}=${yamlText(to)}: ${runDir} was trained with ${yamlText(from)}, and ${rule.why}. Leave it out.`,
      );
    }
    if (!DRAWS.test(path)) note(`--set ${path}=${yamlText(to)} changes nothing about the images that are drawn`);
  }
}

function labelsOf(experiment: Experiment, label: number | undefined): Int32Array | null {
  if (label === undefined) return null;
  const { num_classes: classes } = experiment.model;
  if (classes === 0) throw new UserError("The model is not class-conditional: --label has no meaning for it.");
  if (label >= classes) throw new UserError(`--label ${label}: the model has the classes 0 to ${classes - 1}.`);
  return new Int32Array(experiment.sample.count).fill(label);
}
