/** What a key comes to in this very file, in short sentences. Every number is core's. */
import type { TimeForecast } from "../../core/cost/forecast.ts";
import { BASIS_TEXT } from "../../core/cost/forecastText.ts";
import { imageCost } from "../../core/cost/imageCost.ts";
import { type StageFacts, stageFacts } from "../../core/cost/stageFacts.ts";
import { formatDuration, formatStepTime } from "../../core/durationText.ts";
import { hiddenText } from "../../core/experiment/hiddenText.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { stepsText } from "../../core/masks/schedule.ts";
import { isBuildable } from "../../core/model/backbones.ts";
import { modelShape, tokenCount } from "../../core/model/shape.ts";
import { bytes, count, operations, percent, plural, share, short } from "../../core/numbers.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { Calibration, ReadDocument } from "../services.ts";

/** @returns nothing where the file does not say, or what it says was refused */
export function keyFacts(path: string, read: ReadDocument, calibration: Calibration | undefined): string[] {
  const { experiment } = read;
  if (experiment === null) return [];
  const [section = "", name = ""] = path.split(".");
  switch (section) {
    case "mask":
      return maskFacts(read, experiment);
    case "data":
      return path === "data.path" ? imageFacts(read) : path === "data.image_size" ? tokenFacts(read) : [];
    case "model":
      return name === "num_classes" || name === "class_dropout"
        ? []
        : [...tokenFacts(read), ...modelFacts(read, experiment)];
    case "pretrain":
    case "finetune":
      return stageKeyFacts(section, name, read, calibration);
    default:
      return [];
  }
}

const MODEL_SHAPE = [
  "backbone",
  "patch_size",
  "embed_dim",
  "depth",
  "num_heads",
  "mlp_ratio",
  "qkv_bias",
  "time_embedding",
  "qk_norm",
  "norm",
  "mlp",
  "positions",
  "output_conv",
  "num_classes",
]
  .map((name) => `model.${name}`)
  .concat("mask.mode", "mask.route_from", "mask.fuse_blocks");
const MASK_KEYS = ["strategy", "rate", "block_size", "cell_size", "crop_size"].map((name) => `mask.${name}`);

/** The facts of a stage, where all that they depend on is known. */
export function factsOf({ experiment, refused, facts }: ReadDocument, stage: Stage): StageFacts | null {
  if (experiment === null) return null;
  const needed = [
    ...["data.image_size", "data.channels", "engine.memory_gb"],
    ...[`${stage}.batch_size`, `${stage}.micro_batch_size`],
    ...MODEL_SHAPE,
    ...(stage === "pretrain" ? MASK_KEYS : []),
  ];
  if (needed.some((path) => refused.has(path))) return null;
  return stageFacts(experiment, stage, facts.memoryBytes ?? null);
}

/** The stage's time on this machine; null where it was not measured, or a value it depends on is refused. */
export function timeOf(read: ReadDocument, stage: Stage, calibration: Calibration | undefined): TimeForecast | null {
  if (factsOf(read, stage) === null || read.experiment === null) return null;
  const needed = ["steps", "checkpoint_every", "sample_every"].map((name) => `${stage}.${name}`);
  if (
    [...needed, "sample.count", "sample.steps", "sample.guidance", "sample.guidance_interval"].some((path) =>
      read.refused.has(path),
    )
  )
    return null;
  const run = { experiment: read.experiment, stage, images: read.facts.dataset?.images };
  return calibration?.forecast(run)?.time ?? null;
}

function maskFacts(read: ReadDocument, experiment: Experiment): string[] {
  const found = factsOf(read, "pretrain");
  if (found === null) return [];
  return found.pieces.flatMap((piece, i) => {
    const { geometry, relativeCost } = piece;
    const which = found.pieces.length > 1 ? `${piece.name}, ${stepsText(piece)}: ` : "";
    if (geometry.strategy === "none")
      return [`${which}Nothing is hidden: all N = ${count(geometry.tokens)} tokens are visible.`];
    return [
      `${which}S = ${count(geometry.visibleTokens)} of N = ${count(geometry.tokens)} tokens are visible: an effective rate of ${share(geometry.effectiveRate)}.`,
      ...(i === 0 ? [hiddenText(experiment)] : []),
      `A step does ${percent(relativeCost)} of the work of one without a mask.`,
    ];
  });
}

function imageFacts({ facts: { dataset } }: ReadDocument): string[] {
  if (dataset?.images === undefined) return [];
  const { images, classes = 0, noun = "folder" } = dataset;
  const inFolders = classes > 0 ? ` in ${plural(classes, "sub-folder")}` : "";
  const spread =
    noun === "folder" || classes === 0 ? inFolders : ` of ${classes} ${classes === 1 ? "class" : "classes"}`;
  return [`${plural(images, "image")} found there${spread}.`];
}

function tokenFacts(read: ReadDocument): string[] {
  const found = factsOf(read, "finetune");
  if (found === null) return [];
  const { gridSize: g, tokens } = found.pieces[0]!.geometry;
  return [`A grid of ${g} x ${g}: N = ${count(tokens)} tokens an image.`];
}

function modelFacts({ refused }: ReadDocument, experiment: Experiment): string[] {
  if (["data.image_size", "data.channels", ...MODEL_SHAPE].some((path) => refused.has(path))) return [];
  const shape = modelShape(experiment);
  if (!isBuildable(shape)) return [];
  const { parameters, forwardFlops } = imageCost(shape, tokenCount(shape));
  return [`${count(parameters)} parameters; ${operations(forwardFlops)} for a whole image forward.`];
}

function stageKeyFacts(stage: Stage, name: string, read: ReadDocument, calibration: Calibration | undefined): string[] {
  const found = factsOf(read, stage);
  if (found === null || read.experiment === null) return [];
  const { batchSize, memoryBytes } = found;
  // Of the step that takes most.
  const { tokensPerBatch, microBatchSize } = found.pieces.find((piece) => piece.memoryBytes === memoryBytes)!;
  switch (name) {
    case "batch_size":
    case "micro_batch_size":
      return [
        `${plural(tokensPerBatch, "visible token")} a step.`,
        `${plural(microBatchSize, "image")} at a time in ${plural(Math.ceil(batchSize / microBatchSize), "pass").replace(/passs$/, "passes")}: ${bytes(memoryBytes)} predicted.`,
      ];
    case "steps": {
      const images = read.experiment[stage].steps * batchSize;
      const set = read.facts.dataset?.images;
      const rounds = set === undefined || set === 0 ? "" : `, ${short(images / set)} times the data set`;
      const time = timeOf(read, stage, calibration);
      return [`${plural(images, "image")} in all${rounds}.`, ...(time === null ? [] : timeFacts(time))];
    }
    default:
      return [];
  }
}

const timeFacts = ({ secondsPerStep, totalSeconds, expectedError, basis }: TimeForecast): string[] => [
  `${formatStepTime(secondsPerStep)} a step on this machine, ${formatDuration(totalSeconds)} in all, give or take ${percent(expectedError)}: from ${BASIS_TEXT[basis]}.`,
];
