/** A key that does not exist: what was probably meant by it. */
import { isNode } from "yaml";
import { joinOr } from "./allowedValues.ts";
import type { Fix } from "./diagnostic.ts";
import { type ExperimentDocument, extent, type KeyPath } from "./document.ts";
import { dottedKey, nestDottedKeys } from "./dottedKey.ts";
import { type KeyTable, namesIn } from "./keys.ts";
import { nearestName } from "./suggest.ts";

export interface UnknownKey {
  /** "" at the top of the file */
  readonly section: string;
  readonly name: string;
  readonly value: unknown;
  /** all keys of the section as written */
  readonly present: readonly string[];
}

export interface Explanation {
  readonly message: string;
  readonly fix: Fix | null;
  /** keys that the file probably means to give */
  readonly meant: readonly string[];
}

export function explainUnknownKey(table: KeyTable, document: ExperimentDocument, unknown: UnknownKey): Explanation {
  const where = unknown.section === "" ? "at the top of the file" : `in the section ${unknown.section}`;
  const shown = unknown.name === "" ? "with an empty name" : JSON.stringify(unknown.name.slice(0, 40));
  const known =
    misplacedSection(table, unknown) ??
    misplacedKey(table, document, unknown) ??
    dotted(table, document, unknown) ??
    foreign(table, unknown) ??
    nearKey(table, document, unknown) ??
    note(table, unknown);
  return {
    message: `There is no key ${shown} ${where}${known.hint}`,
    fix: known.fix ?? null,
    meant: known.meant ?? [],
  };
}

interface Hint {
  /** what follows "There is no key … in the section …", its punctuation included */
  readonly hint: string;
  readonly fix?: Fix | null;
  readonly meant?: readonly string[];
}

function misplacedSection({ sections }: KeyTable, { section, name }: UnknownKey): Hint | null {
  const spec = section === "" ? undefined : sections.get(name);
  if (spec === undefined) return null;
  return {
    hint: `: ${name} is a section of its own, so its line starts in the same column as ${section}.`,
    meant: spec.keys.map((key) => key.path),
  };
}

function misplacedKey({ keys }: KeyTable, document: ExperimentDocument, { section, name }: UnknownKey): Hint | null {
  const elsewhere = [...keys.values()].filter((key) => key.name === name && key.section !== section);
  if (elsewhere.length === 0) return null;
  const homes = elsewhere.map((key) => (key.section === "" ? "at the top of the file" : `in ${key.section}`));
  return {
    hint: `: it belongs ${joinOr(homes)}.`,
    meant: elsewhere.map((key) => key.path).filter((path) => !document.isSet(path)),
  };
}

/** A dot leads nowhere in YAML. */
function dotted(table: KeyTable, document: ExperimentDocument, { section, name }: UnknownKey): Hint | null {
  const key = dottedKey(table, name);
  if (key === null || key.name === "") return null;
  const meant = key.path === null || document.isSet(key.path) ? [] : [key.path];
  if (section === key.section) {
    const fix = key.path === null || document.isSet(key.path) ? null : renaming(document, [section, name], key.name);
    return { hint: `. Inside ${section} it is ${key.name} alone.`, fix, meant };
  }
  return {
    hint: `: a dot does not lead into a section. Write ${key.section}: and, indented below it, ${key.name}: with the value.`,
    fix: section === "" && key.path !== null ? nestDottedKeys(table, document, key.section) : null,
    meant,
  };
}

/** A name of another kind of file. */
function foreign({ kind }: KeyTable, { section, name }: UnknownKey): Hint | null {
  const hint = section === "" ? (kind.elsewhere?.(name) ?? null) : null;
  return hint === null ? null : { hint };
}

function nearKey(table: KeyTable, document: ExperimentDocument, { section, name, present }: UnknownKey): Hint | null {
  const names = namesIn(table, section);
  const free = nearestName(
    name,
    names.filter((candidate) => !present.includes(candidate)),
  );
  if (free === null) {
    const taken = nearestName(name, names);
    return taken === null ? null : { hint: `. Did you mean ${taken}, which is there already?` };
  }
  const prefix = section === "" ? "" : `${section}.`;
  const written = section === "" ? [name] : [section, name];
  const keys = table.sections.get(prefix + free)?.keys.map((key) => key.path);
  return {
    hint: `. Did you mean ${free}?`,
    fix: renaming(document, written, free),
    meant: keys ?? [prefix + free],
  };
}

function note(table: KeyTable, { section, name, value }: UnknownKey): Hint {
  if (/^(num_|n_|max_)?epochs?$/.test(name))
    return { hint: ". Training is counted in steps: steps = epochs x images / batch_size." };
  const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
  const keys = [...table.keys.values()].filter((key) => key.section !== section);
  const cousin = isSection ? null : nearestName(name, [...new Set(keys.map((key) => key.name))]);
  const homes = keys.filter((key) => key.name === cousin).map((key) => key.path);
  return {
    hint:
      homes.length > 0 ? `. Did you mean ${joinOr(homes)}?` : `. Known here: ${namesIn(table, section).join(", ")}.`,
  };
}

/** Replaces the key's text, where that is the key itself and serves no other section. */
export function renaming(document: ExperimentDocument, path: KeyPath, name: string): Fix | null {
  const place = document.find(path);
  if (place === null || place.shared || !isNode(place.key)) return null;
  const [start, end] = extent(place.key);
  if (!/^["']?[\w. -]+["']?$/.test(document.text.slice(start, end))) return null;
  return { title: `Rename to ${name}`, edits: [document.lines.edit(start, end, name)] };
}
