/** What sets an experiment file apart. */

import type { FileKind } from "./fileKind.ts";
import { isPublishedConfig } from "./publishedLayout.ts";
import { type Experiment, experimentSchema } from "./schema.ts";

export const EXPERIMENT_KIND: FileKind<Experiment> = {
  noun: "experiment",
  madeOf: (names) => `sections (${names}) with indented keys`,
  schema: experimentSchema,
  required: {
    "data.path": {
      standIn: ".",
      example: "./images",
      missing: "it names the folder of images, for example path: ./images. It is the only key without a default.",
    },
  },
  smallest: {
    text: "data:\n  path: ./images\n",
    hint: "names a folder of images: data: and, indented below it, path: ./images.",
  },
  foreign: (root) =>
    isPublishedConfig(root)
      ? "This is a configuration of the method's published code (jiachenlei/maskdm), not an experiment file. An experiment is made of it by maskdm import FILE, or in VS Code by MaskDM: Import, which also names every setting that has no counterpart here."
      : null,
};
