/** Changes of a study that its editor makes, written into the file's text. */
import { UserError } from "../errors.ts";
import { editKeys } from "../experiment/edit.ts";
import { applyEdits } from "../experiment/lineIndex.ts";
import { textWithKey } from "../experiment/textWithKey.ts";
import { readYaml } from "../experiment/yamlReader.ts";
import { yamlText } from "../experiment/yamlText.ts";

/** By the key's parts, such as ["budget", "steps"] or ["axes", "mask.rate"]. A value is plain: what YAML has on one line. */
export type StudyChange =
  | { readonly path: readonly string[]; readonly value: unknown }
  | { readonly path: readonly string[]; readonly remove: true };

/**
 * The text with the changes made in place: comments, order and layout stay. Values are not checked against the schema, so that a
 * wrong one can be seen and corrected in the file.
 * @param text without a byte order mark
 * @throws UserError where the text cannot be changed
 */
export function changeStudy(text: string, changes: readonly StudyChange[]): string {
  return changes.reduce((changed, change) => {
    const reading = readYaml(changed);
    const [problem] = reading.diagnostics;
    if (problem !== undefined) {
      throw new UserError(`The file has to be corrected first, line ${problem.line}: ${problem.message}`);
    }
    if (!("remove" in change)) return textWithKey(reading, change.path, change.value, yamlText(change.value));
    if (reading.document.find(change.path) === null) return changed;
    const edits = editKeys(reading.document, { remove: [change.path] });
    if (edits !== null) return applyEdits(changed, edits);
    throw new UserError(`${change.path.join(" › ")} cannot be taken out without changing other keys. Edit the text.`);
  }, text);
}
