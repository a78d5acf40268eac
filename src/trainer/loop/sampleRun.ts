/** Draws images, and their trajectories, with the weights of a run. */
import { dirname, join } from "node:path";
import { chosenClass } from "../../core/classes/chosenClass.ts";
import { drawnClass } from "../../core/classes/classText.ts";
import { drawnClasses } from "../../core/classes/drawnClasses.ts";
import { passesOfStep, passesPerImage } from "../../core/diffusion/guidance.ts";
import { trajectoryOf } from "../../core/run/askedDrawing.ts";
import { gridPages } from "../../core/run/gridPages.ts";
import { findNetwork, type NetworkRequest } from "../../node/run/runNetwork.ts";
import { requireRoom, requireWritable } from "../../node/run/writableFolder.ts";
import { EngineClient } from "../engine/client.ts";
import { type DrawingPlan, placeAtFile, placeInFolder } from "../sample/drawingFiles.ts";
import { drawSamples } from "../sample/drawSamples.ts";
import { drawToFiles } from "../sample/drawToFiles.ts";
import { requireOutFile } from "../sample/outFile.ts";
import { drawingWith, loadWeights, startDrawing } from "../sample/startDrawing.ts";

export interface SampleRunRequest extends NetworkRequest {
  readonly seed?: number;
  /** class of every image, by its name or number; those of the experiment take turns when left out */
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
  const network = findNetwork(request);
  const { runDir, checkpointDir, experiment, classes } = network;
  const { sample, data } = experiment;
  const seed = request.seed ?? experiment.seed;
  const chosen =
    request.label === undefined ? drawnClasses(experiment, classes) : [chosenClass(experiment, classes, request.label)];
  if (classes !== null) for (const label of chosen ?? []) request.note(drawnClass(classes, label));
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
    const facts = await startDrawing(engine, network);
    const drawing = drawingWith(network, facts, { seed, chosen });
    const plan: DrawingPlan = { drawing, ...layout };
    const files =
      out === null
        ? placeInFolder(plan, folder, request.overwrite, request.note)
        : placeAtFile(plan, out, request.overwrite);
    const room = requireRoom(folder, files.pixelBytes);
    if (room !== null) request.note(`note: ${room}`);
    await loadWeights(engine, network);
    const total = sample.count * passesPerImage(experiment);
    let passes = 0;
    await drawToFiles({
      plan,
      files,
      draw: (onStep) => drawSamples(engine, experiment, { sample, seed, drawing, onStep }),
      onStep: (step) => {
        passes += step.count * passesOfStep(experiment, step);
        request.onStep(passes, total);
      },
    });
    const pages = files.grid.map(({ path }) => path);
    const way = files.trajectory.map(({ path }) => path);
    const { count, sampler, steps, eta, weights, step, label } = drawing;
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
      label: typeof label === "number" ? label : null,
    };
  } finally {
    await engine.close();
  }
}
