/** `maskdm import`: published configurations and weights become an experiment file, and a run that others can start from. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { UserError } from "../../core/errors.ts";
import { formatDiagnostic } from "../../core/experiment/diagnostic.ts";
import type { Override } from "../../core/experiment/overrides.ts";
import { experimentOfImport, type ImportedExperiment, type TakenConfig } from "../../core/import/experimentOfImport.ts";
import { readPublishedConfig } from "../../core/import/publishedConfig.ts";
import { takeSettings } from "../../core/import/takeSettings.ts";
import { modelShape } from "../../core/model/shape.ts";
import type { Stage } from "../../core/random/streams.ts";
import { runNameProblem } from "../../core/run/names.ts";
import { expandHome } from "../../node/homePath.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { checkFree } from "../../node/run/newRun.ts";
import { writeCheckpoint } from "../run/checkpoint.ts";
import { createRun } from "../run/runFolder.ts";
import { stopOnSignals } from "../stopOnSignals.ts";
import { type ImportedWeights, readWeights } from "./importedWeights.ts";
import { inputError } from "./inputError.ts";

export interface ImportRequest {
  /** configurations (*.yml) and a file of weights */
  readonly files: readonly string[];
  /** weights that are averages, where they have a file of their own */
  readonly averaged?: string;
  /** folder of images */
  readonly data?: string;
  /** of the experiment file, without its ending */
  readonly name?: string;
  /** folder that the experiment file is written to */
  readonly into: string;
  readonly runsDir: string;
  /** of the run's folder */
  readonly run?: string;
  /** what the weights were trained on: masked or whole images */
  readonly stage?: Stage;
  /** optimiser steps behind the weights, where the file does not say */
  readonly step?: number;
  readonly set: readonly Override[];
  readonly command: readonly string[];
}

export interface ImportResult {
  readonly experiment: string;
  /** null: only configurations were imported */
  readonly run: string | null;
  readonly stage: Stage | null;
  /** what the user should know */
  readonly notes: readonly string[];
}

const CONFIG = /\.ya?ml$/i;

/** @throws UserError where a file cannot be imported; nothing is written then */
export async function importFiles(request: ImportRequest): Promise<ImportResult> {
  const configFiles = request.files.filter((file) => CONFIG.test(file));
  const [weightsFile, another] = request.files.filter((file) => !CONFIG.test(file));
  if (another !== undefined)
    throw new UserError(
      `${weightsFile} and ${another} are both files of weights. One run comes of one; name averaged weights with --averaged.`,
    );
  if (request.averaged !== undefined && weightsFile === undefined)
    throw new UserError(
      `--averaged goes with the file of the raw weights. Name ${request.averaged} alone where there is no other.`,
    );
  const file = experimentFile(request, weightsFile ?? configFiles[0] ?? "");
  const configs = configFiles.map(takeConfig);
  const classes = classesAsked(request.set);
  const weights = weightsFile === undefined ? null : readWeights(weightsFile, request.averaged ?? null, classes);
  try {
    const imported = experimentOfImport({ configs, weights, data: dataPath(request), set: request.set });
    if (weights === null) {
      write(file, imported.text);
      return { experiment: file, run: null, stage: null, notes: imported.notes };
    }
    return await writeRun(request, file, imported, weights);
  } finally {
    weights?.close();
  }
}

async function writeRun(
  request: ImportRequest,
  file: string,
  imported: ImportedExperiment,
  weights: ImportedWeights,
): Promise<ImportResult> {
  const { experiment, text } = imported;
  const step = request.step ?? weights.step ?? 0;
  const stage = request.stage ?? imported.stage ?? "finetune";
  const notes = [...imported.notes, ...weights.notes];
  if (request.step === undefined && weights.step === null)
    notes.push("the weights do not say how many steps they were trained for: 0 is noted. If you know it: --step N");
  const tensors = weights.load(modelShape(experiment));
  if (request.run !== undefined) checkFree(resolve(request.runsDir), request.run);
  makeFolderOf(file);
  const stop = stopOnSignals();
  let dir: string | null = null;
  try {
    const run = createRun({
      command: request.command,
      versions: { maskdm: packageJson.version, node: process.versions.node },
      backend: "none",
      runsDir: request.runsDir,
      ...(request.run === undefined ? {} : { id: request.run }),
      experimentFile: file,
      experimentText: text,
      stage,
      seed: experiment.seed,
      totalSteps: step,
      parent: null,
      imported: {
        from: weights.sources.map((source) => resolve(source)),
        layout: weights.layout,
        optimizer: weights.hasOptimizer,
      },
    });
    dir = run.dir;
    for (const note of notes) run.log(note);
    try {
      const imagesSeen = step * experiment[stage].batch_size;
      const state = { stage, step, imagesSeen, emaUpdates: weights.averageUpdates ?? step, elapsedSeconds: 0 };
      await run.saveCheckpoint(step, async (runDir) => writeCheckpoint(runDir, state, tensors), {
        keep: 1,
        keepEvery: null,
      });
      if (await stop.asked()) throw new UserError("The import was stopped: nothing was imported.", "failure");
      run.status.update({ step, imagesSeen });
    } catch (error) {
      run.close("failed", "the weights were not written");
      throw error;
    }
    run.close("finished", `imported from ${weights.sources.map((source) => basename(source)).join(", ")}`);
    // Last of all: an import that is cut off before leaves no experiment that the next one would find in its way.
    write(file, text);
    return { experiment: file, run: dir, stage, notes };
  } catch (error) {
    // A run that could not be written would be in the way of the next try.
    if (dir !== null) rmSync(dir, { recursive: true, force: true });
    throw error;
  } finally {
    stop.release();
  }
}

/** The name of a published file says what it is of: celebahq_base_90p.yml becomes celebahq_base_90p.maskdm.yaml. */
function experimentFile({ name, into }: ImportRequest, source: string): string {
  const own =
    name ??
    basename(source)
      .replace(/\.[^.]+$/, "")
      .replaceAll(/[^\p{L}\p{M}\p{N}._-]+/gu, "-")
      .replaceAll(/^[.-]+|\.+$/g, "");
  const problem = runNameProblem(own);
  if (problem !== null)
    throw new UserError(`${JSON.stringify(own)} is no name for an experiment: ${problem}. Give it one with --name.`);
  const file = join(expandHome(into), `${own}.maskdm.yaml`);
  if (existsSync(file))
    throw new UserError(
      `${file} exists already and is left as it is. Give the experiment another --name, or remove the file first.`,
    );
  return file;
}

function takeConfig(source: string): TakenConfig {
  let text: string;
  try {
    text = readFileSync(source, "utf8");
  } catch (error) {
    throw inputError(source, error);
  }
  const reading = readPublishedConfig(text);
  if (reading.ok) return { source: basename(source), ...takeSettings(reading.settings) };
  const [first] = reading.diagnostics;
  if (first !== undefined) throw new UserError(`${source} cannot be imported: ${formatDiagnostic(source, first)}`);
  throw new UserError(
    /\.maskdm\.ya?ml$/i.test(source)
      ? `${source} is an experiment file already. Train it with: maskdm pretrain FILE`
      : `${source} is no configuration of the method's published code: it has no sections dataset and network beside batch_size, lr and so on.`,
  );
}

/** As it stands in the experiment file: what was given as relative stays so, seen from its folder. */
function dataPath({ data, into }: ImportRequest): string | null {
  if (data === undefined) return null;
  const given = expandHome(data);
  const path = isAbsolute(given) ? given : relative(resolve(expandHome(into)), resolve(given)) || ".";
  return path.split(sep).join("/");
}

function classesAsked(set: readonly Override[]): number | null {
  const asked = set.findLast(({ path }) => path === "model.num_classes");
  return asked === undefined ? null : Number(asked.value);
}

/** @throws UserError where the disk refuses */
function makeFolderOf(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (error) {
    throw asDiskError(error, { path: file });
  }
}

/** @throws UserError where the disk refuses */
function write(file: string, text: string): void {
  makeFolderOf(file);
  try {
    // "wx" refuses a file that came into being in the meantime.
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    throw asDiskError(error, { path: file });
  }
}
