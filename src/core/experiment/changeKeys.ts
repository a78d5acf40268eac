/** Changes of keys that a form makes, written into the file's text. */
import { UserError } from "../errors.ts";
import { editKeys } from "./edit.ts";
import { experimentKeys } from "./keys.ts";
import { applyEdits } from "./lineIndex.ts";
import { applyOverrides } from "./overrides.ts";
import { readYaml } from "./yamlReader.ts";
import { yamlText } from "./yamlText.ts";

/** A value that a key may have. */
export type KeyValue =
  | string
  | number
  | boolean
  | null
  | readonly number[]
  | readonly string[]
  | readonly Readonly<Record<string, string | number | null>>[];

/** Write a value, or take the key out so that its default holds. */
export type KeyChange =
  | { readonly path: string; readonly value: KeyValue }
  | { readonly path: string; readonly remove: true };

/**
 * The text with the changes made in place: comments, order and layout stay. Values are not checked against the schema, so that a
 * wrong one can be seen and corrected in the file.
 * @param text without a byte order mark
 * @throws UserError for an unknown key, or where the text cannot be changed in place
 */
export function changeKeys(text: string, changes: readonly KeyChange[]): string {
  return changes.reduce((changed, change) => {
    if (!experimentKeys().keys.has(change.path)) throw new UserError(`There is no key ${change.path}.`);
    return "remove" in change ? withoutKey(changed, change.path) : withValue(changed, change.path, change.value);
  }, text);
}

function withValue(text: string, path: string, value: KeyValue): string {
  const { diagnostics } = readYaml(text);
  if (diagnostics[0] !== undefined) {
    throw new UserError(`The file has to be corrected first, line ${diagnostics[0].line}: ${diagnostics[0].message}`);
  }
  // In quotes a text is that text, whatever else it could be read as.
  return applyOverrides(text, [{ path, value: typeof value === "string" ? JSON.stringify(value) : yamlText(value) }]);
}

function withoutKey(text: string, path: string): string {
  const { document } = readYaml(text);
  if (!document.isSet(path)) return text;
  const edits = editKeys(document, { remove: [path] });
  if (edits === null) {
    throw new UserError(
      `${path} cannot be taken out without changing other keys (it is shared by an anchor). Edit the text.`,
    );
  }
  return applyEdits(text, edits);
}

/** The one replacement that turns a text into another: offsets of what goes, and what comes there. */
export function singleReplacement(before: string, after: string): { start: number; end: number; text: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let same = 0;
  while (same < most - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}
