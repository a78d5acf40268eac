/** The images of a folder or an archive as the training loop sees them. */
import { closeSync, existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { classNames } from "../../core/classes/folderClasses.ts";
import { compareBytes } from "../../core/compareBytes.ts";
import { UserError } from "../../core/errors.ts";
import { isHeldOut } from "../../core/evaluation/holdout.ts";
import type { DataConfig } from "../../core/experiment/schema.ts";
import { leftOutText } from "../../core/images/fileKinds.ts";
import { plural } from "../../core/numbers.ts";
import { shownText } from "../../core/shownText.ts";
import type { FoundFiles } from "../../node/images/findImages.ts";
import type { ImageSource } from "../../node/images/imageSource.ts";
import { systemReason } from "../../node/systemReason.ts";
import { buildCache } from "./buildCache.ts";
import { openDataPath, requireImages } from "./dataPath.ts";
import type { PixelSettings } from "./decodeImage.ts";
import { ImageColumns } from "./imageColumns.ts";
import { type BrokenImage, imageFiles } from "./imageFiles.ts";
import { type AllImages, type ImageView, imageView } from "./imageView.ts";
import { cacheFolder, type OpenCache, PixelCache } from "./pixelCache.ts";
import { DigestColumn } from "./pixelDigest.ts";
import { openPixelStore } from "./pixelStore.ts";
import { type CachePlan, planCache } from "./planCache.ts";

/** The images that are trained on. */
export interface Dataset extends ImageView {
  /** images that data.holdout keeps out of training */
  readonly heldOut: ImageView;
  /** names by number; empty without labels */
  readonly classes: readonly string[];
  /** images that were left out, sorted by path */
  readonly broken: readonly BrokenImage[];
  /** what lies there and is not read, for people; a line each */
  readonly notes: readonly string[];
  /** what new weights had better be made for: images of colours in which there is only grey */
  readonly greyHint: string | null;
  /** Frees memory and files. */
  close(): void;
}

export interface DatasetOptions {
  /** where decoded images are kept; `.maskdm/cache` beside the experiment file by default */
  readonly cacheDir?: string | undefined;
  /** called after every image that had to be decoded */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly log?: ((line: string) => void) | undefined;
  /**
   * Gives classes their numbers, where not the order of their folders does; called before anything is decoded.
   * @param folders those that hold images, in their order
   * @returns names by number, of these folders and perhaps others; what it throws ends the opening
   */
  readonly numberClasses?: ((folders: readonly string[]) => readonly string[]) | undefined;
  /** bytes of pixels that are kept in memory; larger data sets are read from disk batch by batch */
  readonly memoryLimit?: number | undefined;
}

const MEMORY_LIMIT = 2 ** 30;
/** Broken images named in the log and in errors. */
const NAMED_IN_LOG = 20;
const NAMED_IN_ERROR = 5;

/**
 * Opens the images of an experiment. Each is decoded once; from then on the cache is read, and only what changed is decoded.
 * @param baseDir folder of the experiment file, where a relative data.path starts
 * @throws UserError where the folder, the archive or too many of its images cannot be used, or the cache cannot be written
 */
export async function openDataset(config: DataConfig, baseDir: string, options: DatasetOptions = {}): Promise<Dataset> {
  const source = await openDataPath(config.path, baseDir);
  try {
    return await datasetOf(source, config, baseDir, options);
  } finally {
    source.close();
  }
}

async function datasetOf(
  source: ImageSource,
  config: DataConfig,
  baseDir: string,
  options: DatasetOptions,
): Promise<Dataset> {
  const log = options.log ?? (() => {});
  const files = await imageFiles(source, config.ignore);
  requireImages(source, files.found);
  const notes = searchNotes(files.found);
  for (const line of notes) log(line);
  const allPaths = [...files.images, ...files.unreadable].map((image) => image.path);
  const classOf = (path: string): string | null => source.classOf(path);
  const folders = config.labels === "folders" ? classNames(allPaths, classOf, source) : [];
  const classes = options.numberClasses?.(folders) ?? folders;

  const settings: PixelSettings = {
    imageSize: config.image_size,
    channels: config.channels,
    background: config.background.toLowerCase(),
  };
  const cache = openCacheFolder(source.path, settings, baseDir, options.cacheDir);
  const old = cache.open(log);
  const plan = await planCache(source, files.images, old, log);
  let open: OpenCache;
  if (old !== null && plan.upToDate) open = plan.confirmed === 0 ? old : restamped(cache, old, plan);
  else {
    if (old !== null) log(`image cache: ${plan.toDecode} of ${files.images.length} images are new or changed`);
    open = await buildCache(source, settings, plan, cache, old, options.onProgress ?? (() => {}));
  }

  const { manifest, file } = open;
  const broken: BrokenImage[] = [...manifest.broken.map(({ path, reason }) => ({ path, reason })), ...files.unreadable];
  broken.sort((a, b) => compareBytes(a.path, b.path));
  const { paths } = manifest.images;
  try {
    checkBroken(source.path, broken, paths.length, config.max_broken);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  if (broken.length > 0) log(`left out ${list(broken, paths.length, NAMED_IN_LOG)}`);
  const labels = new Map(classes.map((name, label) => [name, label]));
  const store = openPixelStore(file, paths.length, manifest.imageBytes, options.memoryLimit ?? MEMORY_LIMIT);
  const all: AllImages = {
    images: paths.map((path) => {
      const className = classOf(path);
      return { path, className, label: labels.get(className ?? "") ?? 0 };
    }),
    digests: DigestColumn.fromText(manifest.images.pixels),
    imageBytes: manifest.imageBytes,
    store,
  };
  const isOut = (row: number): boolean => isHeldOut(all.digests.at(row), config.holdout);
  const training = imageView(all, (row) => !isOut(row));
  const heldOut = imageView(all, isOut);
  if (training.count === 0) {
    store.close();
    const different = new Set(paths.map((_, row) => all.digests.at(row).toString("hex"))).size;
    const copies =
      different === paths.length ? "" : `, which are ${plural(different, "image")} and copies: copies stay together`;
    throw new UserError(
      `data.holdout ${config.holdout} keeps all ${plural(paths.length, "image")} out of training${copies}. Lower it, or add images.`,
    );
  }
  if (config.holdout > 0) {
    notes.push(`data.holdout keeps ${heldOut.count} of ${plural(paths.length, "image")} out of training`);
    log(notes.at(-1)!);
  }
  return {
    ...training,
    heldOut,
    classes,
    broken,
    notes,
    greyHint: manifest.onlyGrey && config.channels === 3 ? greyHint(paths.length) : null,
    close: () => store.close(),
  };
}

/** Other facts of the files of the same images go into the manifest, so that their contents need not be compared again. */
function restamped(cache: PixelCache, old: OpenCache, { tasks }: CachePlan): OpenCache {
  const images = new ImageColumns(old.manifest.images);
  for (const task of tasks) if (task.kind === "keep") images.keep(task.image, task.position);
  const manifest = { ...old.manifest, images: images.toManifest() };
  cache.restamp(manifest);
  return { ...old, manifest };
}

/** What was not read, and what was left out by its name; one line each. */
function searchNotes({ leftOut, ignoredByDefault, ignoredByPattern }: FoundFiles): string[] {
  const text = leftOutText(leftOut);
  const names = [...ignoredByDefault].map(([name, times]) => (times === 1 ? name : `${name} (${times} times)`));
  const ignored = ignoredByPattern.reduce((sum, matches) => sum + matches, 0);
  return [
    ...(text === null ? [] : [text]),
    ...(names.length === 0 ? [] : [`left out by name, as no data: ${shownText(names.join(", "))}`]),
    ...(ignored === 0
      ? []
      : [`data.ignore leaves out ${ignored} ${ignored === 1 ? "file or folder" : "files or folders"}`]),
  ];
}

function openCacheFolder(folder: string, settings: PixelSettings, baseDir: string, cacheDir?: string): PixelCache {
  const dir = cacheDir ?? cacheFolder(baseDir);
  try {
    const cache = new PixelCache(dir, folder, settings);
    // The folder is this tool's own: what is in it can be made again and belongs in no repository.
    const ignore = join(dirname(dir), ".gitignore");
    if (cacheDir === undefined && !existsSync(ignore)) writeFileSync(ignore, "*\n");
    return cache;
  } catch (error) {
    throw new UserError(
      `The folder for decoded images, "${dir}", cannot be made (${systemReason(error)}). Make the experiment's folder writable, or copy the experiment to a folder that is.`,
      "failure",
    );
  }
}

/** @throws UserError where too few images are left */
function checkBroken(folder: string, broken: readonly BrokenImage[], usable: number, maxShare: number): void {
  const share = broken.length / (broken.length + usable);
  if (share > maxShare) {
    throw new UserError(
      `${percent(share)} of the images in "${shownText(folder)}" cannot be used, more than data.max_broken = ${maxShare} allows. Unusable: ${list(
        broken,
        usable,
        NAMED_IN_ERROR,
      )}\nRepair or remove them, or raise data.max_broken.`,
    );
  }
  if (usable === 0) {
    throw new UserError(
      `None of the images in "${shownText(folder)}" can be used. Unusable: ${list(broken, usable, NAMED_IN_ERROR)}\nRepair or replace them.`,
    );
  }
}

const greyHint = (images: number): string =>
  `all ${images} images are grey: with data.channels: 1 they take a third of the memory, and the model need not learn that red, green and blue are the same`;

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function list(broken: readonly BrokenImage[], usable: number, named: number): string {
  const lines = broken.slice(0, named).map(({ path, reason }) => `\n  ${shownText(path)}: ${reason}`);
  const more = broken.length > named ? `\n  … and ${broken.length - named} more` : "";
  return `${broken.length} of ${broken.length + usable} images:${lines.join("")}${more}`;
}
