/** Classes from first-level sub-folders. */

import { UserError } from "../errors.ts";
import { shownText } from "../shownText.ts";
import { className } from "./className.ts";
import { compareClassNames } from "./classOrder.ts";

/**
 * Every first-level sub-folder that holds an image file, at any depth and usable or not, is a class: so a class keeps its
 * number when one of its images breaks.
 * @param paths relative to the data folder, with forward slashes
 * @returns class names, each once, in the order of `compareClassNames`
 * @throws UserError where an image lies beside the sub-folders and so has no class
 */
export function classNames(folder: string, paths: readonly string[]): string[] {
  const outside = paths.filter((path) => !path.includes("/"));
  if (outside.length > 0) {
    const [subject, them] =
      outside.length === 1
        ? [`the image "${shownText(outside[0]!)}" lies directly in "${shownText(folder)}" and so has no class`, "it"]
        : [
            `${outside.length} images, such as "${shownText(outside[0]!)}", lie directly in "${shownText(folder)}" and so have no class`,
            "each of them",
          ];
    throw new UserError(
      `data.labels is "folders", but ${subject}. Move ${them} into a sub-folder named after the class, or set data.labels to none.`,
    );
  }
  return [...new Set(paths.map(className))].sort(compareClassNames);
}
