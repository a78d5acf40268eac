/** One key written into a YAML text, comments and layout kept where that is possible. */
import { type Document, type Node, parseDocument, stringify, visit } from "yaml";
import { editKeys } from "./edit.ts";
import { applyEdits } from "./lineIndex.ts";
import { isMapping, type PlainMapping, readYaml, type YamlReading } from "./yamlReader.ts";

/**
 * @param before a text without problems
 * @param path the key's parts
 * @param written the value as it is to stand there, on one line
 */
export function textWithKey(before: YamlReading, path: readonly string[], value: unknown, written: string): string {
  const wanted = withKeyAt(before.value, path, value);
  const edits = editKeys(before.document, { set: [[path, written]] });
  if (edits !== null) {
    const edited = applyEdits(before.document.text, edits);
    const after = readYaml(edited);
    if (after.diagnostics.length === 0 && isSame(after.value, wanted)) return edited;
  }
  return rewritten(before, path, value, wanted);
}

/** A copy of plain values in which a key has another value; `path` such as "mask.rate" or "seed". */
export const withKey = (root: unknown, path: string, value: unknown): PlainMapping =>
  withKeyAt(root, path.split("."), value);

function withKeyAt(root: unknown, [name = "", ...rest]: readonly string[], value: unknown): PlainMapping {
  const copy: PlainMapping = { ...(isMapping(root) ? root : {}) };
  copy[name] = rest.length === 0 ? value : withKeyAt(copy[name], rest, value);
  return copy;
}

/** For layouts that cannot be edited in place: the YAML library's own rendering, which keeps comments where nothing is shared. */
function rewritten({ document, value: plain }: YamlReading, path: readonly string[], value: unknown, wanted: unknown) {
  const yaml = parseDocument(document.text, { schema: "core", logLevel: "error" });
  try {
    unshare(yaml);
    yaml.setIn(path, yaml.createNode(value, { flow: true }));
    const rendered = yaml.toString({ lineWidth: 0 });
    if (isSame(readYaml(rendered).value, wanted)) return rendered;
  } catch {
    // Merge keys and the like cannot be set in place: the sections are written out below.
  }
  return stringify(withKeyAt(plain, path, value), { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** Replaces each alias by a copy of what it stands for, so that a change of one key is a change of that key alone. */
function unshare(document: Document): void {
  visit(document, { Alias: (_, alias) => alias.resolve(document)?.clone() as Node | undefined });
  visit(document, {
    Value: (_, node) => {
      delete node.anchor;
    },
  });
}

/** Equal as plain values, whatever the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return left.length === right.length && left.every(([key, value]) => isSame(value, (b as PlainMapping)[key]));
}
