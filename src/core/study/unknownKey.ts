/** A name in a study that stands where a key of the experiment belongs, and is none. */
import { joinOr } from "../experiment/allowedValues.ts";
import type { Diagnostic } from "../experiment/diagnostic.ts";
import type { ExperimentDocument } from "../experiment/document.ts";
import { meantKeys } from "../experiment/meantKeys.ts";
import { nearestName } from "../experiment/suggest.ts";
import { renaming } from "../experiment/unknownKeys.ts";

/**
 * @param at where it stands in the file
 * @param others names that are keys there, too
 * @param otherwise what is said where nothing is near, with a space before it
 */
export function unknownKey(
  document: ExperimentDocument,
  key: string,
  at: readonly (string | number)[],
  others: readonly string[] = [],
  otherwise = "",
): Diagnostic {
  const near = nearestName(key, [...others]);
  const meant = near === null ? meantKeys(key) : [near];
  const hint = meant.length > 0 ? ` Did you mean ${joinOr(meant)}?` : otherwise;
  const fix = meant.length === 1 ? renaming(document, at, meant[0]!) : null;
  return {
    ...(document.keyRange(at) ?? document.start()),
    ...{ severity: "error", code: "MDM902" },
    message: `There is no key ${key.slice(0, 60)} in an experiment.${hint}`,
    ...(fix ? { fix } : {}),
  };
}
