/** Names of the pictures in a run's samples folder. They sort in the order of steps and pages. */
import { checkpointName } from "./checkpointState.ts";
import type { Drawing } from "./drawing.ts";
import { isEverywhere } from "./guidanceRecord.ts";

/** Classes in a name. Pictures of one name are told apart by what they carry. */
const MOST_NAMED = 8;

/** Name without extension of what a drawing on request is written to, e.g. `step-00001000-ddim-100-eta-1-seed-0-count-16`. */
export function drawingName(drawing: Drawing): string {
  const { step, sampler, steps, eta, guidance, seed, count, label, classes, weights, clip } = drawing;
  const parts = [checkpointName(step), sampler, steps];
  if (eta !== null) parts.push("eta", eta);
  if (guidance !== undefined) parts.push("guidance", guidance.scale);
  if (guidance !== undefined && !isEverywhere(guidance)) parts.push("from", guidance.from, "to", guidance.to);
  parts.push("seed", seed, "count", count);
  if (typeof label === "number") parts.push("label", label);
  if (classes !== undefined) parts.push("labels", ...classes.slice(0, MOST_NAMED));
  if (weights === "raw") parts.push("raw");
  if (!clip) parts.push("unclipped");
  return parts.join("-");
}

/**
 * Where a page goes; the only one keeps the path as it is.
 * @param path ends in .png
 * @param page counted from 1
 */
export function pagePath(path: string, page: number, pages: number): string {
  if (pages === 1) return path;
  const number = String(page).padStart(String(pages).length, "0");
  return path.replace(/\.png$/i, (extension) => `-page-${number}-of-${pages}${extension}`);
}

/** Where the picture of the way there goes. @param path of the picture itself, ends in .png */
export function trajectoryPath(path: string): string {
  return path.replace(/\.png$/i, (extension) => `-trajectory${extension}`);
}

export interface SampleName {
  /** without page and extension */
  readonly stem: string;
  /** counted from 1; null: the picture is the only one */
  readonly page: { readonly number: number; readonly of: number } | null;
}

const PAGE = /^(.+)-page-(\d{1,6})-of-(\d{1,6})$/;

/** @returns null for a name that is not a picture's */
export function parseSampleName(name: string): SampleName | null {
  const whole = /^([^./\\][^/\\]*)\.png$/i.exec(name)?.[1];
  if (whole === undefined) return null;
  const [, stem, number, of] = PAGE.exec(whole) ?? [];
  return stem === undefined ? { stem: whole, page: null } : { stem, page: { number: Number(number), of: Number(of) } };
}

/** Name of a single image: `00000.png`. @param number counted from 0 */
export const singleImageName = (number: number): string => `${String(number).padStart(5, "0")}.png`;
