/** Archives that lie side by side and are one set of images: shards. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { compareBytes } from "../../../core/compareBytes.ts";
import { ArchiveError } from "./archive.ts";

/** More are a mistake in the range. */
const MAX_SHARDS = 100_000;

/**
 * The archives that a pattern names: `{000..009}` for numbers, `{a,b}` for words, `*` for any characters, in the last part of a path.
 * @param path absolute; there is no file of this name
 * @returns absolute paths in the order of their names' bytes; null where it is no pattern or its folder is missing
 * @throws ArchiveError where an archive is missing that the pattern names
 */
export function shardsOf(path: string): string[] | null {
  const folder = dirname(path);
  const pattern = basename(path);
  if (!/[{*]/.test(pattern) || !existsSync(folder)) return null;
  const names = expandBraces(pattern).flatMap((name) => {
    if (name.includes("*")) return matching(folder, name);
    if (!existsSync(join(folder, name)))
      throw new ArchiveError(
        `there is no ${JSON.stringify(name)} among its files. Correct the pattern, or copy that file there.`,
      );
    return [name];
  });
  if (names.length === 0) throw new ArchiveError("no file matches the pattern. Correct it, or copy the files there.");
  return [...new Set(names)].sort(compareBytes).map((name) => join(folder, name));
}

/**
 * The shards that lie in a folder without images.
 * @returns null where there are none
 * @throws ArchiveError where they are of several kinds, or of several parts of a data set, such as train and test
 */
export function shardsIn(folder: string): string[] | null {
  const names = readdirSync(folder).filter((name) => /^[^.].*\.(tar|parquet)$/i.test(name));
  if (names.length === 0) return null;
  const kinds = new Set(names.map((name) => `${partOf(name)}*${name.slice(name.lastIndexOf("."))}`));
  if (kinds.size > 1) {
    const patterns = [...kinds].sort().map((kind) => JSON.stringify(kind));
    throw new ArchiveError(
      `it holds archives that may not belong together: ${patterns.join(", ")}. Name one of these patterns after the folder, such as ${JSON.stringify(join(basename(folder), [...kinds].sort().at(-1)!))}.`,
    );
  }
  return names.sort(compareBytes).map((name) => join(folder, name));
}

/** `train-` of train-00000-of-00010.parquet: all up to the first number. */
const partOf = (name: string): string => /^[^\d]*/.exec(name.slice(0, name.lastIndexOf(".")))![0];

function matching(folder: string, pattern: string): string[] {
  const source = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  const expression = new RegExp(`^${source.join(".*")}$`, "s");
  return readdirSync(folder).filter((name) => !name.startsWith(".") && expression.test(name));
}

function expandBraces(text: string): string[] {
  const found = /\{([^{}]*)\}/.exec(text);
  if (found === null) return [text];
  const choices = choicesOf(found[1]!);
  if (choices === null) return [text];
  return choices.flatMap((choice) => expandBraces(text.replace(found[0], () => choice)));
}

/** Null for what is no choice. */
function choicesOf(inner: string): string[] | null {
  const range = /^(\d+)\.\.(\d+)$/.exec(inner);
  if (range === null) return inner.includes(",") ? inner.split(",") : null;
  const [from, to] = [Number(range[1]), Number(range[2])];
  if (to < from || to - from >= MAX_SHARDS) return null;
  const digits = range[1]!.startsWith("0") ? range[1]!.length : 0;
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(digits, "0"));
}

/** Whether a path is that of a folder or file, or a pattern of archives that are there. */
export function isThere(path: string): boolean {
  try {
    return existsSync(path) || shardsOf(path) !== null;
  } catch {
    return false;
  }
}
