/** YAML text to plain values, with everything that is wrong with it as YAML. Takes any text and never throws. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { Diagnostic } from "./diagnostic.ts";
import { ExperimentDocument, keyText, MAX_MERGE_DEPTH } from "./document.ts";
import { LineIndex } from "./lineIndex.ts";
import { unreadableText } from "./textProblems.ts";
import { syntaxProblems } from "./yamlErrors.ts";

/** What a mapping of the file becomes. */
export type PlainMapping = { [key: string]: unknown };

export function isMapping(value: unknown): value is PlainMapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface YamlReading {
  readonly document: ExperimentDocument;
  /** the root as plain values; undefined where the text cannot be read at all */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
}

/** Far above any experiment file, far below what would make an editor wait. */
const MAX_NODES = 20_000;
const MAX_DEPTH = 12;
/** Problems of one kind of reading that are reported; whoever has more is looking at the wrong file. */
export const MAX_REPORTED = 100;

export function readYaml(source: string): YamlReading {
  const text = source.startsWith("\ufeff") ? source.slice(1) : source;
  const lines = new LineIndex(text);
  const unread = (diagnostics: readonly Diagnostic[]): YamlReading => ({
    document: new ExperimentDocument(text, null, new Map()),
    value: undefined,
    diagnostics,
  });

  const problem = unreadableText(lines);
  if (problem !== null) return unread([problem]);
  try {
    const yaml = parseDocument(text, { schema: "core", uniqueKeys: false, prettyErrors: false, logLevel: "error" });
    const syntax = syntaxProblems(yaml, lines);
    if (syntax.length > 0) return unread(syntax);
    const document = new ExperimentDocument(text, yaml.contents, aliasTargets(yaml));
    const conversion = new Conversion(document);
    const value = conversion.convert(yaml.contents, 0);
    return { document, value: conversion.exhausted ? undefined : value, diagnostics: conversion.diagnostics };
  } catch {
    // The parser is recursive: a text made to nest thousands of levels exhausts the stack.
    const message = "The file is nested too deeply to be read; a file of this kind needs a few levels.";
    return unread([{ ...lines.range(0, 0), severity: "error", code: "MDM004", message }]);
  }
}

/** An alias stands for the nearest node before it that carries its anchor. */
function aliasTargets(yaml: Document): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(yaml, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

class Conversion {
  readonly diagnostics: Diagnostic[] = [];
  exhausted = false;
  private nodes = 0;
  private readonly checked = new Set<YAMLMap>();

  constructor(private readonly document: ExperimentDocument) {}

  convert(node: Node | null, depth: number): unknown {
    if (node === null || this.exhausted) return null;
    if (++this.nodes > MAX_NODES || depth > MAX_DEPTH) {
      const why =
        depth > MAX_DEPTH
          ? `Values are nested more than ${MAX_DEPTH} levels deep (or an alias contains itself); a file of this kind needs a few`
          : `The file comes to more than ${MAX_NODES} values once its aliases are followed`;
      this.report(node, "MDM004", `${why}. It is not read any further.`);
      this.exhausted = true;
      return null;
    }
    if (isAlias(node)) {
      const target = this.document.target(node);
      if (target !== null) return this.convert(target, depth + 1);
      this.report(node, "MDM001", `*${node.source} refers to an anchor &${node.source} that does not stand before it.`);
      return undefined;
    }
    if (node.tag !== undefined && !this.checkTag(node)) return undefined;
    if (isScalar(node)) return scalarValue(node.value, node.source);
    if (isSeq(node)) return node.items.map((item) => this.convert(item as Node | null, depth + 1));
    return isMap(node) ? this.convertMap(node, depth) : null;
  }

  private convertMap(map: YAMLMap, depth: number, mergeDepth = 0): PlainMapping {
    const own: PlainMapping = Object.create(null) as PlainMapping;
    let merged: PlainMapping | null = null;
    const first = new Map<string, Node>();
    const isNew = !this.checked.has(map);
    this.checked.add(map);
    for (const pair of map.items) {
      const key = this.document.target(pair.key as Node | null);
      const name = keyText(key);
      if (key === null || name === null) {
        this.report(
          (pair.key as Node | null) ?? map,
          "MDM001",
          "A key must be a word such as image_size, not a list or a mapping.",
        );
        continue;
      }
      const before = first.get(name);
      if (before !== undefined && isNew) this.reportDuplicate(name, before, pair.key as Node);
      first.set(name, pair.key as Node);
      if (name === "<<") {
        merged = { ...(merged ?? {}), ...this.merge(pair.value as Node | null, depth, mergeDepth) };
        continue;
      }
      own[name] = this.convert(pair.value as Node | null, depth + 1);
    }
    return merged === null ? own : Object.assign(Object.create(null) as PlainMapping, merged, own);
  }

  private merge(value: Node | null, depth: number, mergeDepth: number): PlainMapping {
    const source = this.document.target(value);
    if (isMap(source) && mergeDepth < MAX_MERGE_DEPTH && ++this.nodes <= MAX_NODES)
      return this.convertMap(source, depth, mergeDepth + 1);
    if (value !== null)
      this.report(
        value,
        "MDM001",
        "<< takes over the keys of one other section: write << : *name, with &name after that section's key.",
      );
    return {};
  }

  private checkTag(node: Node): boolean {
    if (/^tag:yaml\.org,2002:(map|seq|str|int|float|bool|null)$/.test(node.tag ?? "")) return true;
    this.report(node, "MDM001", `The tag ${shortTag(node.tag ?? "")} has no meaning here; remove it.`);
    return false;
  }

  private reportDuplicate(name: string, before: Node, key: Node): void {
    const { line } = this.document.nodeRange(before);
    const remedy =
      name === "<<"
        ? "A section takes over the keys of one other: keep one of them, or let that other section take over the second."
        : "Keep one of them.";
    this.report(key, "MDM003", `${name} is written twice in this section, first on line ${line}. ${remedy}`);
  }

  private report(node: Node, code: string, message: string): void {
    if (this.diagnostics.length >= MAX_REPORTED) return;
    this.diagnostics.push({ ...this.document.nodeRange(node), severity: "error", code, message });
  }
}

/** Values of kinds that the core schema does not know stay the text they were written as. */
function scalarValue(value: unknown, source: string | undefined): unknown {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return source ?? String(value);
}

function shortTag(tag: string): string {
  return tag.replace(/^tag:yaml\.org,2002:/, "!!").slice(0, 40);
}
