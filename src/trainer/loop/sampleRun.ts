/** Draws images, and their trajectories, with the weights of a run. */
import { basename, dirname, join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { chosenClass } from "../../core/classes/chosenClass.ts";
import { drawnClass } from "../../core/classes/classText.ts";
import { UserError } from "../../core/errors.ts";
import { changedKeys } from "../../core/experiment/changeOnResume.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { modelShape } from "../../core/model/shape.ts";
import { refuseOtherNetwork, refuseUnused, trajectoryOf } from "../../core/run/askedDrawing.ts";
import { WEIGHT_FILES } from "../../core/run/checkpointState.ts";
import { drawingOf } from "../../core/run/drawing.ts";
import { gridPages } from "../../core/run/gridPages.ts";
import { checkCheckpoint } from "../../node/run/checkpoints.ts";
import { resolveSource, type Source } from "../../node/run/resolve.ts";
import { readExperimentText, readRun } from "../../node/run/runFiles.ts";
import { requireRoom, requireWritable } from "../../node/run/writableFolder.ts";
import { EngineClient } from "../engine/client.ts";
import { type DrawingPlan, placeAtFile, placeInFolder } from "../sample/drawingFiles.ts";
import { drawToFiles } from "../sample/drawToFiles.ts";
import { requireOutFile } from "../sample/outFile.ts";
import { drawSamples } from "./drawSamples.ts";
import { engineThreads } from "./session.ts";

export interface SampleRunRequest {
  /** run folder or id, checkpoint folder, or a safetensors file inside one */
  readonly source: string;
  readonly runsDir: string;
  readonly overrides: NonNullable<Parameters<typeof parseExperiment>[1]>;
  readonly seed?: number;
  /** class of every image, by its name or number; classes take turns when left out */
  readonly label?: string;
  /** file or null for the run's samples folder */
  readonly out: string | null;
  /** also a picture of every image at this many times on its way; "usual": as many as are good to look at */
  readonly trajectory: number | "usual" | null;
  /** also every image as a file of its own */
  readonly singleImages: boolean;
  /** whether pictures of another drawing may be replaced */
  readonly overwrite: boolean;
  readonly onStep: (done: number, total: number) => void;
  readonly note: (line: string) => void;
}

export interface SampleRunResult {
  /** the grid, or its first page */
  readonly png: string;
  /** all pages of the grid */
  readonly pages: readonly string[];
  /** the picture of the way there, or its first page */
  readonly trajectory: string | null;
  readonly trajectoryPages: readonly string[];
  /** folder of the single images */
  readonly images: string | null;
  readonly count: number;
  readonly sampler: string;
  /** taken */
  readonly steps: number;
  /** null: the sampler has none */
  readonly eta: number | null;
  readonly weights: "raw" | "ema";
  readonly seed: number;
  readonly checkpoint: string;
  readonly step: number;
  /** names of the model's classes by number; null: it has none, or they are not recorded */
  readonly classes: readonly string[] | null;
  /** number of the class of every image; null: none, or they take turns */
  readonly label: number | null;
}

/** @throws UserError where there is no run or checkpoint of that name, its weights do not fit its experiment, or the pictures find no place */
export async function sampleRun(request: SampleRunRequest): Promise<SampleRunResult> {
  const source = resolveSource(request.source, [request.runsDir]);
  for (const note of source.notes) request.note(note);
  const { runDir, checkpointDir } = placeOf(source);
  const experiment = experimentOf(runDir, request);
  refuseUnused(experiment, request.overrides);
  const { sample, data } = experiment;
  const seed = request.seed ?? experiment.seed;
  const { classes } = source;
  const label = request.label === undefined ? null : chosenClass(experiment, classes, request.label);
  if (label !== null && classes !== null) request.note(drawnClass(classes, label));
  const labels = label === null ? null : new Int32Array(sample.count).fill(label);
  const file = sample.weights === "ema" ? (source.emaFile ?? source.modelFile) : source.modelFile;
  const layout = {
    grid: gridPages({ count: sample.count, imageSize: data.image_size }),
    trajectory: trajectoryOf(experiment, request.trajectory),
    singleImages: request.singleImages,
  };
  const out = request.out === null ? null : requireOutFile(request.out);
  const folder = out === null ? join(runDir, "samples") : dirname(out);
  requireWritable(folder);

  const engine = new EngineClient();
  try {
    const { backend, threads } = { backend: experiment.engine.backend, threads: engineThreads(experiment) };
    const facts = await engine.call("init", {
      wanted: backend,
      threads,
      shape: modelShape(experiment),
      seed: 0,
      training: null,
    });
    const drawing = drawingOf(experiment, {
      ...weightsFacts(runDir, checkpointDir, file, sample.weights),
      seed,
      label: experiment.model.num_classes === 0 ? null : (label ?? "turns"),
      backend: facts.backend,
      versions: { maskdm: packageJson.version, backend: facts.version },
    });
    const plan: DrawingPlan = { drawing, ...layout };
    const files =
      out === null
        ? placeInFolder(plan, folder, request.overwrite, request.note)
        : placeAtFile(plan, out, request.overwrite);
    const room = requireRoom(folder, files.pixelBytes);
    if (room !== null) request.note(`note: ${room}`);
    await engine.call("load", { kind: "weights", file, into: sample.weights });
    await drawToFiles({
      plan,
      files,
      draw: (onStep) => drawSamples(engine, experiment, { sample, seed, labels, onStep }),
      onStep: ({ firstImage, count, step, steps }) =>
        request.onStep(firstImage * steps + (step + 1) * count, sample.count * steps),
    });
    const pages = files.grid.map(({ path }) => path);
    const way = files.trajectory.map(({ path }) => path);
    const { count, sampler, steps, eta, weights, step } = drawing;
    return {
      png: pages[0]!,
      pages,
      trajectory: way[0] ?? null,
      trajectoryPages: way,
      images: files.imagesFolder,
      count,
      sampler,
      steps,
      eta,
      weights,
      seed,
      checkpoint: checkpointDir,
      step,
      classes,
      label,
    };
  } finally {
    await engine.close();
  }
}

/** The run a checkpoint belongs to: its frozen experiment says how the network is built. */
function placeOf(source: Source): { runDir: string; checkpointDir: string } {
  const { runDir, checkpointDir, experimentFile, modelFile } = source;
  if (runDir === undefined || checkpointDir === undefined || experimentFile === undefined) {
    throw new UserError(
      `${modelFile} is not inside a run folder, so its experiment is not known. Name a run, or a checkpoint in one.`,
    );
  }
  return { runDir, checkpointDir };
}

/** What a drawing says about the weights in a file of a checkpoint. A file named outright is what its name says. */
function weightsFacts(runDir: string, checkpointDir: string, file: string, asked: "raw" | "ema") {
  const checkpoint = checkCheckpoint(checkpointDir, "sizes");
  if (!checkpoint.ok) throw new UserError(`Checkpoint ${checkpointDir} is damaged: ${checkpoint.reason}.`);
  const { stage, step, files } = checkpoint.value;
  const record = readRun(runDir);
  const name = basename(file);
  const crc32 = files[name]?.crc32;
  const named = (["raw", "ema"] as const).find((set) => WEIGHT_FILES[set] === name);
  return {
    run: record.ok ? record.value.id : basename(runDir),
    stage,
    step,
    weights: named ?? asked,
    ...(crc32 === undefined ? {} : { weightsCrc32: crc32 }),
  };
}

function experimentOf(runDir: string, request: SampleRunRequest): Experiment {
  const text = readExperimentText(runDir);
  const parsed = parseExperiment(text, request.overrides);
  if (parsed.ok) {
    const frozen = parseExperiment(text);
    if (frozen.ok) refuseOtherNetwork(changedKeys(frozen.experiment, parsed.experiment), runDir, request.note);
    return parsed.experiment;
  }
  const lines = parsed.diagnostics.map(({ line, column, message }) => `  ${line}:${column}: ${message}`);
  throw new UserError(`The experiment of ${runDir} cannot be used:\n${lines.join("\n")}`);
}
