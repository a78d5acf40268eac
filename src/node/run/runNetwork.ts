/** The network of a run: which weights, and the experiment that says how it is built. */
import { basename } from "node:path";
import { UserError } from "../../core/errors.ts";
import { changedKeys } from "../../core/experiment/changeOnResume.ts";
import type { Override } from "../../core/experiment/overrides.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { refuseOtherNetwork, refuseUnused } from "../../core/run/askedDrawing.ts";
import { WEIGHT_FILES } from "../../core/run/checkpointState.ts";
import type { DrawingFacts } from "../../core/run/drawing.ts";
import { maskdmCommand } from "../shellCommand.ts";
import { checkCheckpoint } from "./checkpoints.ts";
import { resolveSource, type Source } from "./resolve.ts";
import { readExperimentText, readRun } from "./runFiles.ts";

export interface NetworkRequest {
  /** run folder or id, checkpoint folder, or a safetensors file inside one */
  readonly source: string;
  readonly runsDir: string;
  readonly overrides: readonly Override[];
  readonly note: (line: string) => void;
}

export interface RunNetwork {
  readonly runDir: string;
  readonly checkpointDir: string;
  readonly experiment: Experiment;
  /** names of the model's classes by number; null: it has none, or they are not recorded */
  readonly classes: readonly string[] | null;
  /** of the weights that sample.weights asks for */
  readonly file: string;
  /** what a drawing says about them */
  readonly weights: Pick<DrawingFacts, "run" | "stage" | "step" | "weights" | "weightsCrc32">;
}

/** @throws UserError where there is no run or checkpoint of that name, its weights do not fit its experiment, or an override has no effect */
export function findNetwork(request: NetworkRequest): RunNetwork {
  const source = resolveSource(request.source, [request.runsDir]);
  for (const note of source.notes) request.note(note);
  const { runDir, checkpointDir } = placeOf(source);
  const experiment = experimentOf(runDir, request);
  const { weights } = experiment.sample;
  const file = weights === "ema" ? (source.emaFile ?? source.modelFile) : source.modelFile;
  const facts = weightsFacts(runDir, checkpointDir, file, weights);
  return { runDir, checkpointDir, experiment, classes: source.classes, file, weights: facts };
}

/** The run a checkpoint belongs to: its frozen experiment says how the network is built. */
function placeOf(source: Source): { runDir: string; checkpointDir: string } {
  const { runDir, checkpointDir, experimentFile, modelFile } = source;
  if (runDir === undefined || checkpointDir === undefined || experimentFile === undefined) {
    throw new UserError(
      `${modelFile} is not inside a run folder, so its experiment is not known. Name a run, or a checkpoint in one, or make a run of it: ${maskdmCommand("import", modelFile)}`,
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

function experimentOf(runDir: string, request: NetworkRequest): Experiment {
  const text = readExperimentText(runDir);
  const parsed = parseExperiment(text, request.overrides);
  if (parsed.ok) {
    const frozen = parseExperiment(text);
    if (frozen.ok) refuseOtherNetwork(changedKeys(frozen.experiment, parsed.experiment), runDir, request.note);
    refuseUnused(parsed.experiment, request.overrides);
    return parsed.experiment;
  }
  const lines = parsed.diagnostics.map(({ line, column, message }) => `  ${line}:${column}: ${message}`);
  throw new UserError(`The experiment of ${runDir} cannot be used:\n${lines.join("\n")}`);
}
