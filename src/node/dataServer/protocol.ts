/**
 * What a process of `maskdm data-server` and the one that started it say to each other: requests as lines of JSON, answers as
 * frames (see frames.ts) of a JSON head and, for pixels, bytes. The process ends when its standard input does.
 */
import * as z from "zod";
import { experimentSchema } from "../../core/experiment/schema.ts";

/** Images read at once at most. */
export const MAX_IMAGES_PER_READ = 1024;

const id = z.number().int().nonnegative();

export const dataRequestSchema = z.discriminatedUnion("method", [
  /** Opens a data set, in place of the one that was open; images that were never decoded are decoded now. */
  z.strictObject({
    id,
    method: z.literal("open"),
    config: experimentSchema.shape.data,
    /** where a relative data.path starts */
    baseDir: z.string().min(1),
  }),
  /** Reads images of the open data set. */
  z.strictObject({
    id,
    method: z.literal("read"),
    indices: z.array(z.number().int().nonnegative()).max(MAX_IMAGES_PER_READ),
  }),
]);
export type DataRequest = z.output<typeof dataRequestSchema>;

/** of each image: its path, and its class, null where it has none */
const imageNames = { paths: z.array(z.string()), classes: z.array(z.string().nullable()) };

export const dataAnswerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("decoding"), id, done: z.number(), total: z.number() }),
  z.strictObject({
    kind: z.literal("opened"),
    id,
    /** usable images */
    count: z.number().int().positive(),
    classes: z.array(z.string()),
    /** images that were left out */
    broken: z.number().int().nonnegative(),
    /** what lies there and is not read, for people; a line each */
    notes: z.array(z.string()),
  }),
  /** followed by uint8 [n, H, W, C] */
  z.strictObject({ kind: z.literal("images"), id, ...imageNames }),
  /** what is wrong and what to do, for people */
  z.strictObject({ kind: z.literal("refused"), id, error: z.string() }),
]);
export type DataAnswer = z.output<typeof dataAnswerSchema>;
