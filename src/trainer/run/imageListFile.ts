/** The lists of images that a run was trained on: `images/<fingerprint>.json.gz` in its folder, one for each data set it met. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import * as z from "zod";
import type { CheckpointState } from "../../core/run/checkpointState.ts";
import { replaceFile } from "../../node/run/files.ts";
import {
  changedImages,
  type DataFingerprint,
  dataFingerprint,
  type ImageList,
  readFingerprint,
} from "../data/dataFingerprint.ts";

const FORMAT_VERSION = 1;

const listSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  images: z.array(z.tuple([z.string(), z.string()])),
});

const fileOf = (runDir: string, { pixels }: DataFingerprint): string => join(runDir, "images", `${pixels}.json.gz`);

/** Keeps the list, so that a resume can say what has changed. @throws UserError if the disk refuses */
export async function writeImageList(runDir: string, fingerprint: DataFingerprint, images: ImageList): Promise<void> {
  const file = fileOf(runDir, fingerprint);
  if (existsSync(file)) return;
  mkdirSync(join(runDir, "images"), { recursive: true });
  const text = JSON.stringify({ formatVersion: FORMAT_VERSION, images });
  replaceFile(file, await promisify(gzip)(text, { level: 1 }), false);
}

/** Null where there is none, or it cannot be read: only its names are missed. */
export function readImageList(runDir: string, fingerprint: DataFingerprint): ImageList | null {
  try {
    const text = gunzipSync(readFileSync(fileOf(runDir, fingerprint))).toString("utf8");
    const read = listSchema.safeParse(JSON.parse(text));
    return read.success ? read.data.images : null;
  } catch {
    return null;
  }
}

/** How today's images differ from those that a checkpoint was trained on; null: not, as far as can be known. @see changedImages */
export function imagesSince(runDir: string, checkpoint: Pick<CheckpointState, "loop">, now: ImageList): string | null {
  const before = readFingerprint(checkpoint.loop?.["data"]);
  if (before === null) return null;
  const listBefore = typeof before === "string" ? null : readImageList(runDir, before);
  return changedImages(before, listBefore, dataFingerprint(now), now);
}
