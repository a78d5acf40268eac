/** The class that a user means by a name or a number. */

import { UserError } from "../errors.ts";
import type { Experiment } from "../experiment/schema.ts";
import { nearestName } from "../experiment/suggest.ts";
import { quotedNames } from "./classText.ts";

/** Classes named in an error. */
const MOST_NAMED = 10;

/**
 * @param names of the classes by number; null: not recorded, so that there are only numbers
 * @param text a name, or else a number: of a class named "3" the name counts, whatever its number is
 * @param asked where it was asked for, such as "--label"
 * @returns its number
 * @throws UserError where it is neither
 */
export function chosenClass(
  { model }: Pick<Experiment, "model">,
  names: readonly string[] | null,
  text: string,
  asked = "--label",
): number {
  const { num_classes: classes } = model;
  if (classes === 0) throw new UserError(`The model is not class-conditional: ${asked} has no meaning for it.`);
  const named = names?.indexOf(text) ?? -1;
  if (named >= 0) return named;
  const isNumber = /^[0-9]+$/.test(text);
  if (isNumber && Number(text) < classes) return Number(text);
  const numbers = `the model has the classes 0 to ${classes - 1}`;
  if (names === null) {
    const unknown = isNumber ? "" : " Which names they have is not recorded in the run.";
    throw new UserError(`${asked} ${text}: ${numbers}.${unknown}`);
  }
  const near = nearNames(text, names);
  const shown =
    near.length > 0
      ? `Did you mean ${near.map((name) => JSON.stringify(name)).join(" or ")}?`
      : `Among them: ${quotedNames(names, MOST_NAMED)}.`;
  throw new UserError(`${asked} ${text}: no class has this name${isNumber ? " or number" : ""}; ${numbers}. ${shown}`);
}

/** The one that was probably meant, and those that hold what was typed. */
function nearNames(text: string, names: readonly string[]): string[] {
  const nearest = nearestName(text, names);
  const wanted = text.toLowerCase();
  const holding = wanted === "" ? [] : names.filter((name) => name.toLowerCase().includes(wanted));
  return [...new Set([...(nearest === null ? [] : [nearest]), ...holding])].slice(0, MOST_NAMED);
}
