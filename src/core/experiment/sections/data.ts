/** The section `data`: the images. */
import * as z from "zod";
import { integer, rate01 } from "./values.ts";

export const data = z
  .strictObject({
    path: z.string().min(1).meta({
      description:
        "Folder of images, searched recursively; or a .zip, .tar (also a WebDataset) or .parquet file of images, which is not unpacked. shard-{000..009}.tar and part-*.parquet are several. A relative path starts at the experiment file's folder; ~/ at its beginning stands for the user's own folder.",
    }),
    image_size: integer(4, 1024).default(64).meta({
      description:
        "Side of the square training image. Images are resized by their shorter side and centre-cropped to it; patch_size must divide it.",
      unit: "pixels",
      equation: "N = (image_size / patch_size)²",
      cost: "Twice the side is four times the tokens: 4 times the work of the linear layers, 16 times that of attention.",
    }),
    channels: z
      .union([z.literal(1), z.literal(3)])
      .default(3)
      .meta({
        description: "Colour channels C of the training image: 1 = grey, 3 = RGB. Images of other modes are converted.",
      }),
    hflip: rate01().default(0).meta({
      description: "Probability that a training image is mirrored left to right.",
      unit: "probability",
    }),
    background: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/)
      .default("#ffffff")
      .meta({
        description:
          'Colour that transparent images are composited on, written in quotes as "#rrggbb" (without quotes YAML reads # as a comment).',
      }),
    labels: z.enum(["none", "folders"]).default("none").meta({
      description:
        "Where class labels come from. folders: each first-level sub-folder is a class, or, where an archive says them, the classes of a WebDataset (.cls) or Parquet file (label); whole numbers come first, by their value, then the others by the bytes of their names. A finetune keeps the numbers of what it starts from.",
    }),
    ignore: z.array(z.string().min(1).max(400)).max(64).default([]).meta({
      description:
        'Files and folders below data.path that are left out. "name" is a name at any depth, "/name" or "a/b" a path from the data folder; * stands for any characters but a slash, ? for one, ** for any folders, a slash at the end for folders only.',
    }),
    max_broken: rate01().default(0.05).meta({
      description:
        "Share of unreadable images above which a run refuses to start; below it they are listed and skipped.",
      unit: "share of the images",
    }),
    holdout: z.number().min(0).max(0.5).default(0).meta({
      description:
        "Share of the images that neither stage trains on, so that `maskdm evaluate` can hold samples against images that nobody has learned from. What an image looks like decides, not the seed: equal images stay together, and a larger share holds out the same images and more.",
      unit: "share of the images",
      cost: "What is held out is not learned.",
    }),
  })
  .meta({ description: "The images." });
