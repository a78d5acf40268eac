/** Opens what data.path names: a folder, an archive, or several of them. */
import { opendirSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemReason } from "../systemReason.ts";
import { ArchiveError } from "./archives/archive.ts";
import { ArchiveSource, type NamedArchive } from "./archives/archiveSource.ts";
import { openArchive } from "./archives/openArchive.ts";
import { shardsIn, shardsOf } from "./archives/shards.ts";
import { findImages } from "./findImages.ts";
import { FolderSource } from "./folderSource.ts";
import type { ImageSource } from "./imageSource.ts";

/**
 * missing: there is nothing at the path; unusable: the problem with what is there, as the end of a sentence about it that begins with
 * its noun, and what to do
 */
export type OpenedImages =
  | { readonly kind: "opened"; readonly source: ImageSource }
  | { readonly kind: "missing" }
  | { readonly kind: "unusable"; readonly noun: "folder" | "file"; readonly problem: string };

/** @param path absolute. What it opens is to be closed */
export async function openImages(path: string): Promise<OpenedImages> {
  const stats = statsOf(path);
  try {
    if (stats === undefined) {
      const shards = shardsOf(path);
      if (shards === null) return { kind: "missing" };
      return { kind: "opened", source: await openShards(shards, join(realpathSync(dirname(path)), basename(path))) };
    }
    if (stats.isDirectory()) return { kind: "opened", source: await openFolder(path) };
    if (!stats.isFile()) throw new ArchiveError("it is neither a folder nor a plain file. Name what holds the images.");
    return { kind: "opened", source: await openShards([path], realpathSync(path)) };
  } catch (error) {
    const problem =
      error instanceof ArchiveError
        ? `cannot be used: ${error.message}`
        : `cannot be read (${systemReason(error)}). Give yourself the right to read it.`;
    return { kind: "unusable", noun: stats?.isDirectory() === true ? "folder" : "file", problem };
  }
}

/** A pattern names no file of its own. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** A folder is one of images, or where it holds none, of the shards that lie in it. */
async function openFolder(path: string): Promise<ImageSource> {
  opendirSync(path).closeSync();
  const folder = new FolderSource(realpathSync(path));
  // Mostly the first folder that is read holds one.
  const { images } = await findImages(folder, [], { images: 1 });
  if (images.length > 0) return folder;
  const shards = shardsIn(folder.path);
  return shards === null ? folder : openShards(shards, folder.path);
}

/** @param path stands for all of them */
async function openShards(files: readonly string[], path: string): Promise<ImageSource> {
  const archives: NamedArchive[] = [];
  let noun: ImageSource["noun"] = "archive";
  try {
    for (const file of files) {
      const { archive, format } = await openArchive(file);
      archives.push({ name: basename(file), archive });
      if (format === "parquet") noun = "Parquet file";
    }
  } catch (error) {
    for (const { archive } of archives) archive.close();
    if (!(error instanceof ArchiveError) || files.length === 1) throw error;
    throw new ArchiveError(`${JSON.stringify(basename(files[archives.length]!))}: ${error.message}`);
  }
  return new ArchiveSource(path, noun, archives);
}
