/** Draws samples of a run, measures them against the images that it learned from, and writes what was found into its folder. */
import { dirname, join } from "node:path";
import { drawnClasses } from "../../core/classes/drawnClasses.ts";
import { UserError } from "../../core/errors.ts";
import type { Override } from "../../core/experiment/overrides.ts";
import type { Drawing } from "../../core/run/drawing.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { checkCheckpoint } from "../../node/run/checkpoints.ts";
import { experimentBehind } from "../../node/run/experimentOfRun.ts";
import { EXPERIMENT_FILE } from "../../node/run/runFiles.ts";
import { findNetwork, type NetworkRequest, type RunNetwork } from "../../node/run/runNetwork.ts";
import { imageList } from "../data/dataFingerprint.ts";
import { type Dataset, openDataset } from "../data/dataset.ts";
import { cacheFolder } from "../data/pixelCache.ts";
import { EngineClient } from "../engine/client.ts";
import { engineThreads } from "../engine/engineThreads.ts";
import { imagesSince } from "../run/imageListFile.ts";
import { drawingWith, loadWeights, startDrawing } from "../sample/startDrawing.ts";
import { type TorchPython, torchToEvaluate } from "../torch/findTorch.ts";
import { type DrawnSamples, type DrawPages, drawnSamples, pagesByEngine } from "./drawnSamples.ts";
import { evaluateSamples, withSpaces } from "./evaluateSamples.ts";
import { measuredImages } from "./measuredImages.ts";

export interface EvaluateRequest extends NetworkRequest {
  readonly samples: number;
  /** default: the experiment's */
  readonly seed?: number;
  /** see openSpace */
  readonly space?: string;
  /** @param part what is being done */
  readonly onProgress: (part: "decoding" | "drawing" | "embedding" | "measuring", done: number, total: number) => void;
  /** Runs the PyTorch engine. @param onLine told the lines that it prints on stdout */
  readonly runTorch: (python: string, args: readonly string[], onLine: (line: string) => void) => Promise<unknown>;
}

/** @throws UserError where the run, its images or the space cannot be used */
export async function evaluateRun(request: EvaluateRequest): Promise<Evaluation> {
  const network = findNetwork({ ...request, overrides: drawingOverrides(request.overrides) });
  const { runDir, experiment } = network;
  const chosen = drawnClasses(experiment, network.classes);
  const baseDir = dirname(await experimentBehind(join(runDir, EXPERIMENT_FILE)));
  return withSpaces(request.space, engineThreads(experiment), async (spaces) => {
    let dataset: Dataset | null = null;
    try {
      dataset = await openDataset(experiment.data, baseDir, {
        log: request.note,
        onProgress: (done, total) => request.onProgress("decoding", done, total),
        ...(chosen === null ? {} : { numberClasses: numbersOf(network) }),
      });
      const images = measuredImages(dataset, chosen);
      const change = changeNote(network, dataset);
      if (change.note !== undefined) request.note(`note: ${change.note}`);
      const samples = await draw(network, request, chosen);
      const cacheDir = cacheFolder(baseDir);
      return await evaluateSamples(
        { runDir, experiment, dataset: images, samples, spaces, cacheDir, ...change, say: request.note },
        request.onProgress,
      );
    } finally {
      dataset?.close();
    }
  });
}

/**
 * Numbers of folders as the weights know them; of those that they do not know, any others.
 * @throws UserError where the run does not say which class has which number
 */
function numbersOf({ runDir, classes }: RunNetwork): (folders: readonly string[]) => readonly string[] {
  if (classes === null) {
    throw new UserError(
      `sample.classes: ${runDir} does not record which folder is which class, so that their images are not known. Evaluate all classes, with --set sample.classes=null.`,
    );
  }
  return (folders) => [...new Set([...classes, ...folders])];
}

async function draw(
  network: RunNetwork,
  request: EvaluateRequest,
  chosen: readonly number[] | null,
): Promise<DrawnSamples> {
  const { samples: count, onProgress } = request;
  const { runDir, experiment } = network;
  const seed = request.seed ?? experiment.seed;
  const drawingBy = (engine: { readonly backend: string; readonly version: string }): Drawing => ({
    ...drawingWith(network, engine, { seed, chosen }),
    count,
  });
  const told = (done: number): void => onProgress("drawing", done, count);
  const torch = await torchToEvaluate(experiment);
  if (torch !== null) {
    const drawing = drawingBy({ backend: "torch", version: torch.about.torch! });
    return drawnSamples({ runDir, drawing, drawPages: pagesByTorch(torch, network, request) }, told);
  }
  const engine = new EngineClient();
  try {
    const drawing = drawingBy(await startDrawing(engine, network));
    const drawPages = pagesByEngine({ engine, experiment, loadWeights: () => loadWeights(engine, network) });
    return await drawnSamples({ runDir, drawing, drawPages }, told);
  } finally {
    await engine.close();
  }
}

/** By the PyTorch engine: the same images from the same weights, but for rounding. */
const pagesByTorch =
  ({ python }: TorchPython, { file }: RunNetwork, { overrides, runTorch }: EvaluateRequest): DrawPages =>
  async ({ folder, drawing: { count, seed }, onProgress }) => {
    const asked = ["--folder", folder, "--count", String(count), "--seed", String(seed)];
    const set = drawingOverrides(overrides).flatMap(({ path, value }) => ["--set", `${path}=${value}`]);
    await runTorch(python, ["pages", file, ...asked, ...set], (line) => onProgress(Number(line)));
  };

/** What is other about the images than when the weights were saved; nothing where they are the same, as far as is known. */
function changeNote({ runDir, checkpointDir }: RunNetwork, dataset: Dataset): { note?: string } {
  const checkpoint = checkCheckpoint(checkpointDir, "sizes");
  const how = checkpoint.ok ? imagesSince(runDir, checkpoint.value, imageList(dataset)) : null;
  if (how === null) return {};
  return { note: `the images have changed since the checkpoint (${how}): the run learned from others than these` };
}

/** Averaged weights unless something else is asked for, and keys that say how is drawn: an evaluation is of the run as it is. */
function drawingOverrides(asked: readonly Override[]): Override[] {
  const other = asked.find(({ path }) => !path.startsWith("sample."));
  if (other !== undefined) {
    throw new UserError(
      `--set ${other.path}: an evaluation takes keys of the section sample only, such as sample.steps=50.`,
    );
  }
  return [{ path: "sample.weights", value: "ema" }, ...asked];
}
