/** The text of a new experiment file. */
import { stringify } from "yaml";
import type { ImageSurvey } from "../images/survey.ts";
import type { SuggestedSizes } from "./suggestSizes.ts";

export interface TemplateFacts {
  /** name of the file to be written, as a command takes it, for its own comments */
  readonly file: string;
  /** value of data.path */
  readonly dataPath: string;
  readonly survey: ImageSurvey | null;
  readonly sizes: SuggestedSizes;
}

/** A commented experiment file that lints clean. */
export function experimentTemplate({ file, dataPath, survey, sizes }: TemplateFacts): string {
  const { imageSize, patchSize, blockSize } = sizes;
  const grid = imageSize / patchSize;
  const tokens = grid * grid;
  const visible = tokens - tokens * sizes.maskRate;
  return `# A MaskDM experiment. Keys that are not here have defaults; "maskdm schema" prints all of them with their meaning.
#
#   maskdm lint ${file}            check it
#   maskdm bench ${file}           how fast its steps are on this machine
#   maskdm pretrain ${file}        stage 1: on masked images, cheap steps
#   maskdm finetune ${file} --from RUN   stage 2: on whole images
#   maskdm sample RUN                  draw images

data:
  # ${foundLine(survey)}
  path: ${stringify(dataPath, { lineWidth: 0 }).trimEnd()}
  # Images are resized by their shorter side and cropped to this square, in pixels.
  image_size: ${imageSize}
  # 1 = grey, 3 = RGB.
  channels: ${sizes.channels}
${transparencyLines(survey)}  # Probability of mirroring an image: 0.5 doubles the data where left and right do not matter.
  hflip: 0
${labelLines(survey)}
model:
  # ${imageSize} / ${patchSize} = ${grid}: a grid of ${grid} x ${grid}, so N = ${tokens} tokens per image.
  patch_size: ${patchSize}
  embed_dim: ${sizes.embedDim}
  depth: ${sizes.depth}
  num_heads: ${sizes.numHeads}
  # The first three are what newer transformers have, the last one joins patches; docs/evidence/recipes.md in the repository measures the whole recipe.
  qk_norm: rms
  norm: rms
  mlp: swiglu
  output_conv: residual

mask:
  # Hides whole blocks of ${blockSize} x ${blockSize} tokens: S = ${visible} of ${tokens} stay visible, and only those are computed.
  strategy: block
  rate: ${sizes.maskRate}
  block_size: ${blockSize}

diffusion:
  # A straight path from noise to image. The network predicts the image, and its loss is that of the velocity.
  process: flow
  prediction: x0
  loss_weighting: velocity
  # Levels in the middle, where images take shape, are drawn more often than both ends.
  timestep_distribution: logit_normal
  logit_mean: -0.4

pretrain:
  steps: ${sizes.pretrainSteps}
  # Masked steps see few tokens per image: large batches, clipping and warm-up keep them stable.
  batch_size: ${sizes.pretrainBatch}
  lr: ${sizes.lr}
  lr_schedule: cosine
  betas: [0.9, 0.99]
  warmup_steps: 500
  clip_grad: 1.0
  checkpoint_every: 1000
  sample_every: 0

finetune:
  steps: ${sizes.finetuneSteps}
  batch_size: ${sizes.finetuneBatch}
  lr: ${sizes.lr}
  lr_schedule: cosine
  betas: [0.9, 0.99]
  warmup_steps: 500
  clip_grad: 1.0
  checkpoint_every: 1000
  sample_every: 1000

sample:
  sampler: ancestral
  steps: 100
  count: 16

seed: 0
`;
}

function foundLine(survey: ImageSurvey | null): string {
  if (survey === null)
    return "Put the images into this folder (searched recursively); relative paths start at this file.";
  const { count, medianShortSide } = survey;
  const many = count === 1 ? "1 image was" : `${count.toLocaleString("en-US")} images were`;
  return `${many} found here, the median shorter side is ${medianShortSide} pixels. Relative paths start at this file.`;
}

function transparencyLines(survey: ImageSurvey | null): string {
  if (survey?.transparent !== true) return "";
  return '  # Some images are transparent; this is what shows through.\n  background: "#ffffff"\n';
}

function labelLines(survey: ImageSurvey | null): string {
  const classes = survey?.folders.length ?? 0;
  if (classes < 2) return "";
  return `  # The images are in ${classes} folders. To condition on them as classes, write "folders" here and
  # num_classes: ${classes} under model.
  labels: none
`;
}
