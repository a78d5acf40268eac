/** The runs as a tree: experiments, their pretraining runs and groups, finetunes below the run they came from. Knows no editor. */
import { basename, dirname } from "node:path";
import { isAtWork, isResumable, placeOf, type RunEntry } from "../../core/run/entry.ts";
import { experimentName } from "../../core/run/names.ts";
import { compareNames, compareNewest, compareOldest } from "../../core/run/runOrder.ts";
import { pathKey } from "../../node/pathKey.ts";
import { matches, type RunFilter } from "./runFilter.ts";

export interface RunNode {
  readonly kind: "run";
  readonly id: string;
  entry: RunEntry;
  readonly children: readonly RunNode[];
}

export interface GroupNode {
  readonly kind: "group";
  readonly id: string;
  readonly name: string;
  readonly children: readonly RunNode[];
}

export interface ExperimentNode {
  readonly kind: "experiment";
  readonly id: string;
  /** absolute path; null: runs whose experiment is not known */
  readonly file: string | null;
  readonly label: string;
  readonly children: readonly (GroupNode | RunNode)[];
}

export type TreeNode = ExperimentNode | GroupNode | RunNode;

export const SORT_ORDERS = ["newest", "oldest", "name", "loss", "state"] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

export interface TreeOptions {
  readonly filter: RunFilter;
  readonly sort: SortOrder;
}

/** @param experiments paths of experiment files, shown without runs, too, while nothing is filtered */
export function buildTree(
  entries: readonly RunEntry[],
  experiments: readonly string[],
  { filter, sort }: TreeOptions,
): ExperimentNode[] {
  const byExperiment = new Map<string | null, { file: string | null; roots: RunEntry[] }>();
  const under = (file: string | null): RunEntry[] => {
    const key = file === null ? null : pathKey(file);
    const known = byExperiment.get(key) ?? { file, roots: [] };
    byExperiment.set(key, known);
    return known.roots;
  };
  if (filter.text === "" && entries.length > 0) for (const file of experiments) under(file);
  const nest = nesting(entries, filter, sort);
  for (const entry of nest.roots) under(entry.experimentFile).push(entry);
  return [...byExperiment.values()]
    .map(({ file, roots }) => experimentNode(file, roots, nest.node))
    .sort(
      (a, b) =>
        Number(a.file === null) - Number(b.file === null) ||
        compareNames(a.label, b.label) ||
        compareNames(a.file ?? "", b.file ?? ""),
    );
}

/** Path without its name's extension: what an experiment is called. */
export const experimentLabel = (file: string | null): string | null =>
  file === null ? null : experimentName(basename(file));

function experimentNode(
  file: string | null,
  roots: readonly RunEntry[],
  node: (entry: RunEntry) => RunNode,
): ExperimentNode {
  const id = `experiment:${file ?? ""}`;
  const names = [...new Set(roots.flatMap(({ group }) => group ?? []))].sort(compareNames);
  const groups = names.map(
    (name): GroupNode => ({
      kind: "group",
      id: `group:${file ?? ""}:${name}`,
      name,
      children: roots.filter(({ group }) => group === name).map(node),
    }),
  );
  const loose = roots.filter(({ group }) => group === null).map(node);
  return { kind: "experiment", id, file, label: experimentLabel(file) ?? "", children: [...groups, ...loose] };
}

/** Which run stands below which, and which are left at the top. */
function nesting(entries: readonly RunEntry[], filter: RunFilter, sort: SortOrder) {
  // A renamed folder still has the id in its record that its finetunes know it by; a folder's own name counts first.
  const named = [...entries.map((entry) => [entry.record?.id ?? entry.id, entry] as const)];
  named.push(...entries.map((entry) => [entry.id, entry] as const));
  const byId = new Map(named.map(([id, entry]) => [`${dirname(entry.dir)}\n${id}`, entry]));
  const anywhere = new Map(named);
  const parentOf = (entry: RunEntry): RunEntry | null => {
    // A run that was put into a group stands there.
    if (entry.parent === null || entry.group !== null) return null;
    const parent = byId.get(`${dirname(entry.dir)}\n${entry.parent}`) ?? anywhere.get(entry.parent) ?? null;
    return parent === entry ? null : parent;
  };
  const children = new Map<RunEntry, RunEntry[]>();
  const tops: RunEntry[] = [];
  for (const entry of [...entries].sort((a, b) => compareRuns(a, b, sort))) {
    const parent = parentOf(entry);
    if (parent === null || isInCircle(entry, parentOf)) tops.push(entry);
    else children.set(parent, [...(children.get(parent) ?? []), entry]);
  }
  // What leads to a run that is shown is shown as well; what is below an archived run is put away with it.
  const isShown = (entry: RunEntry): boolean =>
    (filter.archived || !entry.archived) &&
    (matches(entry, filter) || (children.get(entry) ?? []).some((child) => isShown(child)));
  const node = (entry: RunEntry): RunNode => ({
    kind: "run",
    id: `run:${entry.dir}`,
    entry,
    children: (children.get(entry) ?? []).filter(isShown).map(node),
  });
  return { roots: tops.filter(isShown), node };
}

/** Records that name each other as parents, which only damage can bring about. */
function isInCircle(entry: RunEntry, parentOf: (entry: RunEntry) => RunEntry | null): boolean {
  const seen = new Set([entry]);
  for (let at = parentOf(entry); at !== null; at = parentOf(at)) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}

const STATE_ORDER: readonly RunEntry["state"][] = [
  "running",
  "starting",
  "stopping",
  "queued",
  "failed",
  "diverged",
  "interrupted",
  "damaged",
  "stopped",
  "finished",
];

function compareRuns(a: RunEntry, b: RunEntry, sort: SortOrder): number {
  if (a.pinned !== b.pinned) return a.pinned ? -1 : 1;
  const byAge = compareNewest(placeOf(a), placeOf(b));
  if (sort === "newest") return byAge;
  if (sort === "oldest") return compareOldest(placeOf(a), placeOf(b));
  if (sort === "name") return compareNames(a.label, b.label) || byAge;
  if (sort === "state") return STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) || byAge;
  const loss = (entry: RunEntry): number => entry.status?.loss ?? Number.POSITIVE_INFINITY;
  return loss(a) === loss(b) ? byAge : loss(a) - loss(b);
}

/** Ids in the order shown, with their depth: two trees of the same outline differ in what their items say only. */
export function outline(nodes: readonly TreeNode[], depth = 0): string {
  return nodes.map((node) => `${depth} ${node.id}\n${outline(node.children, depth + 1)}`).join("");
}

/** Every node, and the one it stands below. */
export function* walk(
  nodes: readonly TreeNode[],
  parent: TreeNode | null = null,
): Generator<[TreeNode, TreeNode | null]> {
  for (const node of nodes) {
    yield [node, parent];
    yield* walk(node.children, node);
  }
}

/** What menus and actions of a run depend on: words for the item's contextValue. */
export function contextWords(entry: RunEntry): string {
  const { state, record, pinned, archived, stage, launchFailed } = entry;
  const words = ["run", `state-${state}`];
  if (isAtWork(entry)) words.push("live");
  else if (launchFailed === true && record === null) words.push("unbegun");
  else if (state !== "queued") words.push("deletable");
  if (isResumable(entry)) words.push("resumable");
  if (record !== null) words.push("folder");
  if (record !== null && stage === "pretrain") words.push("source");
  words.push(pinned ? "pinned" : "unpinned", archived ? "archived" : "unarchived");
  return words.join(" ");
}
