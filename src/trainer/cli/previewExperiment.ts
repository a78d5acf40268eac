/** What `maskdm preview` shows: the plan of one batch, and a picture of its images. */
import { mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { batchContext, stageMasks } from "../../core/batch/context.ts";
import type { BatchPlan } from "../../core/batch/plan.ts";
import { previewBatch } from "../../core/batch/preview.ts";
import { previewCount, previewGrid } from "../../core/batch/previewGrid.ts";
import { knownClasses } from "../../core/classes/knownClasses.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { pieceAt, type StageMask } from "../../core/masks/schedule.ts";
import type { Stage } from "../../core/random/streams.ts";
import { gridPicture } from "../../core/run/gridPicture.ts";
import { namedCheckpoint } from "../../node/facts/experimentFacts.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { experimentBehind } from "../../node/run/experimentOfRun.ts";
import { replaceFile } from "../../node/run/files.ts";
import type { DatasetImage } from "../data/imageView.ts";
import { type ExperimentImages, openExperimentImages } from "../data/openExperimentImages.ts";
import { encodePng } from "../sample/encodePng.ts";
import { freePath } from "../sample/freePath.ts";
import type { Io } from "./io.ts";
import { loadExperiment } from "./loadExperiment.ts";
import type { SetOption } from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";

/** The result of `preview --json`. */
export interface PreviewReport {
  readonly batch: number;
  /** tokens per image */
  readonly N: number;
  /** visible tokens per image */
  readonly S: number;
  /** which entry of mask.rate masks the batch, and from and up to which step; mask.rate itself where it is one number */
  readonly piece: { readonly name: string; readonly from: number; readonly until: number };
  readonly askedRate: number;
  readonly effectiveRate: number;
  /** absolute path of the picture */
  readonly png: string;
  /** every image of the batch, in its order */
  readonly images: readonly {
    /** relative to the data folder */
    readonly path: string;
    /** token indices, ascending */
    readonly visible: readonly number[];
    readonly timestep: number;
    readonly flip: boolean;
    /** number and name of its class, where the model has classes */
    readonly label?: number;
    readonly class?: string;
  }[];
}

export interface PreviewRequest {
  /** step, counted from 0 */
  readonly batch: number;
  readonly stage: Stage;
  readonly set: readonly SetOption[];
  /** folder of the picture */
  readonly out?: string | undefined;
  /** folder in which the run that finetune.from names is looked for */
  readonly runsDir: string;
}

/** Token indices that are printed at most. */
const LARGEST_REPORT = 2 ** 23;

/**
 * @param file experiment file
 * @returns the report, and how many of its images are in the picture
 * @throws UserError, CommandExit where the experiment, its images or the picture's folder cannot be used
 */
export async function previewExperiment(
  file: string,
  { batch, stage, set, out, runsDir }: PreviewRequest,
  io: Io,
): Promise<{ report: PreviewReport; drawn: number }> {
  const { experiment } = loadExperiment(file, set, { stage }, io);
  const mask = pieceAt(stageMasks(experiment, stage), batch);
  requirePrintable(experiment, stage, mask.geometry.visibleTokens);
  const { steps } = experiment[stage];
  if (batch >= steps)
    io.stderr(`note: ${stage} takes ${steps} steps, 0 to ${steps - 1}; batch ${batch} comes after its end`);
  const folder = dirname(await experimentBehind(file));
  const { dataset, classes } = await openImages(experiment, folder, stage, runsDir, io);
  try {
    const context = batchContext(experiment, stage, dataset.count);
    const plan = context.planner.plan(batch);
    const drawn = previewCount(plan.indices.length, experiment.data.image_size);
    const pixels = new Uint8Array(drawn * dataset.imageBytes);
    dataset.readInto(plan.indices.subarray(0, drawn), pixels);
    const grid = previewGrid(previewBatch(context, plan, pixels, drawn), experiment.data.image_size);
    const content = await encodePng(gridPicture(...grid));
    // In the experiment's hidden folder: a picture among the images would become one of them.
    const png = freePath(picturePath(file, out ?? join(folder, ".maskdm", "preview"), stage, batch), content);
    replaceFile(png, content, false);
    return { report: reportOf(batch, mask, plan, { dataset, classes }, png), drawn };
  } finally {
    dataset.close();
  }
}

/** @param folder of the experiment */
async function openImages(
  experiment: Experiment,
  folder: string,
  stage: Stage,
  runsDir: string,
  io: Io,
): Promise<ExperimentImages> {
  const { from } = experiment.finetune;
  const checkpoint = stage === "finetune" && from !== null ? await namedCheckpoint(from, folder, runsDir) : null;
  let progress: Progress | null = null;
  try {
    return await openExperimentImages(experiment, folder, knownClasses(experiment, checkpoint ?? undefined), {
      log: (line) => io.stderr(line),
      onProgress(done, total) {
        progress ??= createProgress(io, { label: "decoding", total, unit: "images" });
        progress.update(done);
      },
    });
  } finally {
    (progress as Progress | null)?.finish();
  }
}

function requirePrintable(experiment: Experiment, stage: Stage, S: number): void {
  const size = experiment[stage].batch_size;
  const most = Math.floor(LARGEST_REPORT / S);
  if (size <= most) return;
  throw new UserError(
    `A batch of ${size} images with ${S} visible tokens each is too large to list. Look at a smaller one: --set ${stage}.batch_size=${most}`,
  );
}

function picturePath(file: string, out: string, stage: Stage, batch: number): string {
  const folder = resolve(out);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw asDiskError(error, { path: folder, advice: "Choose another folder with --out." });
  }
  const name = basename(file).replace(/(\.maskdm)?\.ya?ml$/i, "");
  return join(folder, `${name}-${stage}-batch-${String(batch).padStart(8, "0")}.png`);
}

function reportOf(
  batch: number,
  { name, from, until, geometry }: StageMask,
  plan: BatchPlan,
  { dataset, classes }: Pick<ExperimentImages, "dataset" | "classes">,
  png: string,
): PreviewReport {
  const { visibleTokens: S, tokens: N, askedRate, effectiveRate } = geometry;
  const classOf = ({ label }: DatasetImage) => (classes === null ? {} : { label, class: classes[label]! });
  const images = Array.from(plan.indices, (index, slot) => ({
    path: dataset.images[index]!.path,
    visible: Array.from(plan.visible.subarray(slot * S, (slot + 1) * S)),
    timestep: plan.timesteps[slot]!,
    flip: plan.flips[slot] === 1,
    ...classOf(dataset.images[index]!),
  }));
  return { batch, N, S, piece: { name, from, until }, askedRate, effectiveRate, png, images };
}
