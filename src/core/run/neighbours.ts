/** The list beside a picture of samples and their nearest training images: evaluations/<key>/neighbours-….json. */
import * as z from "zod";
import { count, formatVersion, type Parsed, parseDocument } from "./format.ts";

export const neighbourPairSchema = z.object({
  sample: count().describe("Number of the sample, counted from 0."),
  image: z.string().describe("Path of the training image in data.path."),
  distance: z.number().min(0).describe("Euclidean distance of their features."),
  ratio: z
    .number()
    .min(0)
    .describe(
      "That distance to the mean one of the sample's `usual` nearest training images: the less, the likelier a copy.",
    ),
  near: z.boolean().describe("Whether the sample counts as near in `copying.near` of the evaluation."),
});

export const neighboursSchema = z
  .object({
    formatVersion: formatVersion(),
    samples: count().describe("Samples that were looked at."),
    trainingImages: count().describe("Training images that each was compared with."),
    space: z.string().describe("Space of features."),
    usual: count().describe("How many nearest training images say which distance is usual."),
    picture: z
      .object({
        imageSize: count().min(1).describe("Height and width of an image in pixels."),
        scale: count().min(1).describe("Every pixel of an image is drawn as scale x scale."),
        separator: count().describe("Width of the lines between images and around them."),
        columns: count().min(2).describe("Images in a row: a sample, its training image, the next sample …"),
      })
      .describe("How the picture of the same name is laid out."),
    pairs: z
      .array(neighbourPairSchema)
      .max(1000)
      .describe("Samples with their nearest training image, smallest ratio first."),
  })
  .describe("neighbours-….json of an evaluation: which samples are most like a training image.");

export type Neighbours = z.output<typeof neighboursSchema>;

/** @param text content of the file */
export const parseNeighbours = (text: string): Parsed<Neighbours> => parseDocument(neighboursSchema, text);
