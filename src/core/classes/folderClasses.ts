/** Classes from first-level sub-folders, or what an archive says. */

import { UserError } from "../errors.ts";
import { shownText } from "../shownText.ts";
import { compareClassNames } from "./classOrder.ts";

/**
 * Every first-level sub-folder that holds an image file, at any depth and usable or not, is a class: so a class keeps its
 * number when one of its images breaks.
 * @param images all of them, by their paths
 * @param classOf null: it lies beside the sub-folders
 * @param place that holds the images, and what to do about one without a class
 * @returns class names, each once, in the order of `compareClassNames`
 * @throws UserError where an image has no class
 */
export function classNames(
  images: readonly string[],
  classOf: (path: string) => string | null,
  { path: place, classRemedy }: { readonly path: string; readonly classRemedy: string },
): string[] {
  const names = new Set<string>();
  const without: string[] = [];
  for (const path of images) {
    const name = classOf(path);
    if (name === null) without.push(path);
    else names.add(name);
  }
  if (without.length > 0) {
    const first = `"${shownText(without[0]!)}"`;
    const [subject, remedy] =
      without.length === 1
        ? [`the image ${first} in "${shownText(place)}" has no class`, classRemedy]
        : [
            `${without.length} images in "${shownText(place)}", such as ${first}, have no class`,
            classRemedy.replace(/\bit\b/, "each of them"),
          ];
    throw new UserError(`data.labels is "folders", but ${subject}. ${remedy}, or set data.labels to none.`);
  }
  return [...names].sort(compareClassNames);
}
