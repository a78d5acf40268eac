/** An experiment file as text with the places of its keys. */
import { type Alias, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import type { TextRange } from "./diagnostic.ts";
import { LineIndex } from "./lineIndex.ts";

/** Where a key and its value stand. */
export interface KeyPlace {
  readonly map: YAMLMap;
  readonly pair: Pair;
  readonly key: Node;
  /** the value as written, which may be an alias; null where nothing is written */
  readonly value: Node | null;
  /** reached through an alias or a merge key: the same text serves another section too */
  readonly shared: boolean;
  /** whether the value is an item of a list; the key is then the list's */
  readonly item: boolean;
}

/**
 * Dotted key, such as "pretrain.steps" or "mask.rate[1].until", or its parts (keys, and numbers of items), where one of them has a
 * dot in it.
 */
export type KeyPath = string | readonly (string | number)[];

/** Start and end offset of a node's own text, without what follows it. */
export function extent(node: Node): [start: number, end: number] {
  const range = node.range;
  return range ? [range[0], Math.max(range[0], range[1])] : [0, 0];
}

/** A key as text; null for keys that are lists or mappings. */
export function keyText(key: unknown): string | null {
  return isScalar(key) ? String(typeof key.value === "symbol" ? "<<" : key.value) : null;
}

export class ExperimentDocument {
  readonly lines: LineIndex;

  /**
   * @param text without a byte order mark
   * @param root the document's contents
   * @param targets what each alias stands for
   * @param mounted a key that is looked for elsewhere, see `as`
   */
  constructor(
    readonly text: string,
    readonly root: Node | null,
    private readonly targets: ReadonlyMap<Alias, Node>,
    private readonly mounted: { readonly path: string; readonly at: readonly (string | number)[] } | null = null,
  ) {
    this.lines = new LineIndex(text);
  }

  /**
   * The same text in which the value at a place counts as that of a key, and no other key is there: so what is said of a key of one
   * kind of file can be said of its value in another.
   */
  as(path: string, at: readonly (string | number)[]): ExperimentDocument {
    return new ExperimentDocument(this.text, this.root, this.targets, { path, at });
  }

  /** The node that an alias stands for; other nodes are returned as they are. */
  target(node: Node | null): Node | null {
    return isAlias(node) ? (this.targets.get(node) ?? null) : node;
  }

  /** Of an item of a list ("mask.rate[1]") the place is the list's, with the item as its value. */
  find(path: KeyPath): KeyPlace | null {
    let node = this.root;
    let place: KeyPlace | null = null;
    let shared = false;
    const parts = this.place(path);
    if (parts === null) return null;
    for (const part of parts) {
      if (isAlias(node)) shared = true;
      const map = this.target(node);
      if (typeof part === "number") {
        const item = isSeq(map) ? map.items[part] : null;
        const list: KeyPlace | null = place;
        if (!isNode(item) || list === null) return null;
        place = { ...(list as KeyPlace), value: item, shared, item: true };
        node = item;
        continue;
      }
      if (!isMap(map)) return null;
      place = this.findIn(map, part, shared, 0);
      if (place === null) return null;
      shared = place.shared;
      node = place.value;
    }
    return place;
  }

  /** Whether the file itself gives the key (its default is not at work). */
  isSet(path: KeyPath): boolean {
    return this.find(path) !== null;
  }

  /** The text of a value as written, or null. */
  valueText(path: string): string | null {
    const value = this.find(path)?.value;
    return value ? this.text.slice(...extent(value)) : null;
  }

  /** Of an item of a list: its own first line. */
  keyRange(path: KeyPath): TextRange | null {
    const place = this.find(path);
    return place && this.nodeRange(place.item && place.value ? place.value : place.key);
  }

  /** The value's first line; the key where no value is written or the value is a block of keys. */
  valueRange(path: KeyPath): TextRange | null {
    const place = this.find(path);
    if (place === null) return null;
    const { value } = place;
    if (place.item && value) return this.nodeRange(value);
    if (value === null || isMap(value)) return this.nodeRange(place.key);
    const [start, end] = extent(value);
    return end > start ? this.nodeRange(value) : this.nodeRange(place.key);
  }

  /** What the items of a list take of each of their lines; none where the value is no list. */
  itemRanges(path: KeyPath): TextRange[] {
    const list = this.target(this.find(path)?.value ?? null);
    if (!isSeq(list)) return [];
    const { lines } = this;
    return list.items.filter(isNode).flatMap((item) => {
      const [start, end] = extent(item);
      const [first, last] = [lines.position(start).line, lines.position(end).line];
      return Array.from({ length: last - first + 1 }, (_, i) => {
        const from = Math.max(start, lines.offset(first + i, 1));
        return lines.range(from, Math.min(Math.max(from, end), lines.lineEnd(from)));
      });
    });
  }

  nodeRange(node: Node): TextRange {
    return this.lines.firstLineRange(...extent(node));
  }

  /** The value of the first of these keys that is written; else what the first of them would stand in; else the file's first key. */
  locate(paths: readonly KeyPath[]): TextRange {
    for (const path of paths) {
      const range = this.valueRange(path);
      if (range !== null) return range;
    }
    for (const path of paths) {
      const parts = this.place(path) ?? [];
      const range = parts.length < 2 ? null : this.keyRange(parts.slice(0, -1));
      if (range !== null) return range;
    }
    return this.start();
  }

  /** The file's first key, or its first character. */
  start(): TextRange {
    const { root } = this;
    const first = isMap(root) ? root.items[0]?.key : root;
    return isNode(first) ? this.nodeRange(first) : this.lines.range(0, 0);
  }

  /** null: not in this text */
  private place(path: KeyPath): readonly (string | number)[] | null {
    if (typeof path !== "string") return path;
    const { mounted } = this;
    if (mounted === null) return partsOf(path);
    if (path !== mounted.path && !path.startsWith(`${mounted.path}[`)) return null;
    return [...mounted.at, ...partsOf(path.slice(mounted.path.length))];
  }

  private findIn(map: YAMLMap, name: string, shared: boolean, depth: number): KeyPlace | null {
    let merged: KeyPlace | null = null;
    for (let i = map.items.length - 1; i >= 0; i--) {
      const pair = map.items[i]!;
      const key = this.target(isNode(pair.key) ? pair.key : null);
      if (key === null) continue;
      const value = isNode(pair.value) ? pair.value : null;
      const text = keyText(key);
      if (text === name) return { map, pair, key: pair.key as Node, value, shared, item: false };
      if (text === "<<" && merged === null && depth < MAX_MERGE_DEPTH) {
        const source = this.target(value);
        if (isMap(source)) merged = this.findIn(source, name, true, depth + 1);
      }
    }
    return merged;
  }
}

/** "mask.rate[1].until" is mask, rate, 1, until. */
function partsOf(path: string): (string | number)[] {
  return path.split(".").flatMap((part) => {
    const item = /^(.*)\[(\d+)\]$/.exec(part);
    const name = item?.[1] ?? part;
    return [...(name === "" ? [] : [name]), ...(item ? [Number(item[2])] : [])];
  });
}

/** Merge keys within merged sections are followed this far. */
export const MAX_MERGE_DEPTH = 4;
