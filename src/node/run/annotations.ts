/** Reads and writes annotations.json of a run. */
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { type Annotations, parseAnnotations } from "../../core/run/annotations.ts";
import { type Parsed, RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { replaceJson } from "./files.ts";
import { readDocument } from "./status.ts";

export const ANNOTATIONS_FILE = "annotations.json";

/** What a run without annotations.json has. */
export const NO_ANNOTATIONS: Annotations = {
  formatVersion: RUN_FORMAT_VERSION,
  tags: [],
  pinned: false,
  archived: false,
};

/** A missing file is no annotations; one that cannot be used is told. */
export function readAnnotations(runDir: string): Parsed<Annotations> {
  const read = readDocument(runDir, ANNOTATIONS_FILE, parseAnnotations);
  return !read.ok && read.reason === `${ANNOTATIONS_FILE} is missing` ? { ok: true, value: NO_ANNOTATIONS } : read;
}

/** What is to change; null takes a field away. */
export type AnnotationsChange = {
  readonly [Key in "name" | "note" | "group"]?: string | null;
} & { readonly tags?: readonly string[]; readonly pinned?: boolean; readonly archived?: boolean };

/**
 * Changes some annotations, atomically, and keeps the others and fields that are not known.
 * @throws UserError if the file there is cannot be understood (it is left alone), or the disk refuses
 */
export function changeAnnotations(runDir: string, change: AnnotationsChange): void {
  const read = readAnnotations(runDir);
  if (!read.ok) throw new UserError(`${join(runDir, read.reason)}. Repair the file or remove it.`);
  const { tags, ...rest } = change;
  const next: Record<string, unknown> = { ...read.value, ...(tags === undefined ? {} : { tags: cleanTags(tags) }) };
  for (const [key, value] of Object.entries(rest)) {
    const text = typeof value === "string" ? value.trim() : value;
    if (text === null || text === "") delete next[key];
    else if (text !== undefined) next[key] = text;
  }
  replaceJson(join(runDir, ANNOTATIONS_FILE), next, false);
}

const cleanTags = (tags: readonly string[]): string[] => [
  ...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== "")),
];
