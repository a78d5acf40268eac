/** evaluations.jsonl: one JSON object per evaluation of a run, only ever appended to. */
import * as z from "zod";
import { count, stageName, timestamp } from "./format.ts";
import { guidanceSchema } from "./guidanceSchema.ts";

/** Name of a file or folder that leads nowhere else. */
export const fileNameSchema = z.string().regex(/^[\w-]+$/);
/** null: it cannot be told of these images */
const relative = (what: string, none: string) =>
  z
    .object({
      value: z.number().describe("1 is as the training images."),
      standardError: z.number().describe("Its standard error."),
    })
    .nullable()
    .describe(`${what}, relative to the training images; null: ${none}.`);
const kernelDistance = (from: string) =>
  z.object({
    value: z.number().describe(`Kernel distance (KID) of samples and ${from}, unbiased.`),
    standardError: z.number().describe("Its standard error."),
    low: z.number().describe("Lower end of its 95 % interval."),
    high: z.number().describe("Upper end."),
  });
const reference = () => z.enum(["held-out images", "training images"]);

export const evaluationSchema = z
  .object({
    type: z.literal("evaluation").describe("Tells an evaluation."),
    time: timestamp().describe("When, UTC."),
    run: z.string().describe("Id of the run."),
    stage: stageName().describe("Stage of training of the weights."),
    step: count().describe("Optimiser steps behind the weights."),
    weights: z.enum(["ema", "raw"]).describe("Averaged weights, or those as trained."),
    samples: count().describe("Images that were drawn."),
    seed: count().describe("Seed of their noise."),
    sampler: z.string().describe("ddim, ancestral, dpmpp_2m, euler or heun."),
    samplerSteps: count().describe("Network evaluations per image."),
    eta: z.number().nullable().describe("Noise put back at every DDIM step; null: the sampler has no eta."),
    clip: z.boolean().optional().describe("Whether the predicted image was clamped at every step; missing: not known."),
    guidance: guidanceSchema(),
    classes: z
      .array(z.union([z.string(), count()]))
      .optional()
      .describe(
        "Classes that were drawn, and whose images they are measured against, as sample.classes names them; missing: all.",
      ),
    drawn: fileNameSchema.describe("Folder in evaluations/ that holds the samples."),
    trainingImages: count().describe("Training images that distances were measured to."),
    trainingImagesOf: count().describe("Training images that there are."),
    heldOutImages: count().describe("Images that data.holdout kept out of training."),
    data: z.string().describe("Digest of the training images' paths and pixels, as in images/."),
    note: z
      .string()
      .optional()
      .describe(
        "What a reader should know, such as that the images are others than the run learned from; mostly missing.",
      ),
    space: z.string().describe("Space of features of everything but copying."),
    spaceVersion: z.string().describe("What features depend on besides the image."),
    kid: kernelDistance("training images").describe("Kernel distance."),
    kidHeldOut: kernelDistance("held-out images")
      .nullable()
      .optional()
      .describe("The same to held-out images; null: fewer than 20 were held out; missing: it was not measured."),
    kidFloor: z
      .object({
        value: z.number().describe("KID that chance alone brings: of a random half of the training images."),
        standardError: z.number().describe("Its standard error."),
        against: reference().describe("Whether to held-out images, or to the other half."),
      })
      .describe("What the kernel distance can be at best."),
    frechet: z
      .object({
        distance: z.number().describe("Fréchet distance; FID in the space inception-2015 alone."),
        components: count().nullable().describe("Principal components it was measured in; null: all features."),
      })
      .describe("Fréchet distance."),
    precision: z.number().describe("Share of samples among the training images, k = 3."),
    recall: z.number().describe("Share of training images among the samples, k = 3."),
    density: z.number().describe("How densely training images lie around samples, k = 5; about 1 at best."),
    coverage: z.number().describe("Share of training images with a sample close by, k = 5."),
    look: z
      .object({
        borderRatio: relative(
          "Jumps across patch borders over jumps inside patches",
          "one patch or patches of one pixel, or images without any jumps",
        ),
        grain: relative("Energy that a 3 x 3 median takes away", "the training images have none"),
        flatBackground: relative(
          "Share of pixels of the colour data.background",
          "less than 1 % of the training images' pixels",
        ),
      })
      .optional()
      .describe("What is told without a network; missing: it was not measured."),
    copying: z
      .object({
        share: z.number().describe("Estimated share of copies of training images among the samples."),
        near: z.number().describe("Share of samples as near to a training image as the nearest unseen images are."),
        nearUnseen: z.number().describe("The same share of unseen images; about 0.05."),
        nearCopies: z
          .object({
            share: z
              .number()
              .describe(
                "Share of samples less than a third as far from the nearest training image as from the second.",
              ),
            unseen: z.number().describe("The same share of unseen images."),
          })
          .optional()
          .describe("Copies by the two nearest training images; missing: it was not measured."),
        unseen: reference().describe(
          "Which images are unseen: held out, or some of the training images against the others.",
        ),
        trainingImages: count().describe("Training images among which copies were looked for."),
        space: z.string().describe("Space of features in which they were looked for."),
      })
      .describe("Copies of training images."),
    neighbours: fileNameSchema
      .optional()
      .describe(
        "Name without extension of the picture and the list of nearest training images, beside the samples; missing: none.",
      ),
    backend: z.string().describe("Backend that drew the samples."),
    versions: z.record(z.string(), z.string()).describe("Versions of the software by name: maskdm and backend."),
  })
  .describe("A line of evaluations.jsonl. Lines of any other type, and lines that are not JSON, are to be skipped.");

export type Evaluation = z.output<typeof evaluationSchema>;

/** All evaluations, in the order of the file; what is torn or unknown is skipped. */
export function readEvaluations(text: string): Evaluation[] {
  return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

/** The last one of the file, without reading those before; null: there is none. */
export function newestEvaluation(text: string): Evaluation | null {
  const lines = text.split("\n");
  for (let i = lines.length - 1; i >= 0; i--) {
    const evaluation = parseLine(lines[i]!);
    if (evaluation !== null) return evaluation;
  }
  return null;
}

function parseLine(line: string): Evaluation | null {
  try {
    const parsed = evaluationSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
