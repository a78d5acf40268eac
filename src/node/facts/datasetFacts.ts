/** What lint wants to know of a folder or an archive of images. Cheap: of images nothing but their names is read. */
import { compareClassNames } from "../../core/classes/classOrder.ts";
import type { DatasetFacts } from "../../core/lint/facts.ts";
import { findImages } from "../images/findImages.ts";
import type { ImageSource } from "../images/imageSource.ts";
import { openImages } from "../images/openImages.ts";

/** Counting ends here; a folder of a million images, or of many files of unknown kinds, would take seconds. */
const LIMITS = { entries: 200_000, looks: 20_000 };

/**
 * Counts the images of a folder or an archive, so that the process can do other work meanwhile.
 * @param path absolute path that data.path names
 * @param ignore data.ignore of the experiment
 */
export async function datasetFacts(path: string, ignore: readonly string[]): Promise<DatasetFacts> {
  const opened = await openImages(path);
  if (opened.kind === "missing") return { exists: false };
  if (opened.kind === "unusable") return { exists: true, noun: opened.noun, problem: opened.problem };
  try {
    return await factsOf(opened.source, ignore);
  } finally {
    opened.source.close();
  }
}

async function factsOf(source: ImageSource, ignore: readonly string[]): Promise<DatasetFacts> {
  const named = source.noun === "folder" ? {} : { noun: source.noun };
  const found = await findImages(source, ignore, LIMITS);
  const { images, leftOut, ignoredByPattern, unreadableFolders, complete } = found;
  const [unreadableFolder] = unreadableFolders;
  if (unreadableFolder !== undefined) return { exists: true, ...named, unreadableFolder };
  // What lies beyond the limits is not known.
  if (!complete) return { exists: true, ...named };
  const classes = new Set(images.map((path) => source.classOf(path)).filter((name) => name !== null));
  const classNames = [...classes].sort(compareClassNames);
  return {
    exists: true,
    ...named,
    images: images.length,
    classes: classes.size,
    classNames,
    leftOut,
    ignoredByPattern,
  };
}
