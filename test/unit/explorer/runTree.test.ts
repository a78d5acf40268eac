import { describe, expect, test } from "vitest";
import type { RunEntry } from "../../../src/core/run/entry.ts";
import { matches } from "../../../src/extension/runs/runFilter.ts";
import {
  buildTree,
  contextWords,
  outline,
  type SortOrder,
  type TreeNode,
} from "../../../src/extension/runs/runTree.ts";
import { openRun, temporaryFolder } from "../run/support.ts";

/** A real run.json and status.json, for entries that differ in what a test is about. */
function facts(): Pick<RunEntry, "record" | "status"> {
  const run = openRun(temporaryFolder(), { id: "any" });
  const status = { ...run.status.current, formatVersion: 1, heartbeat: new Date().toISOString() };
  return { record: run.record, status };
}

function entries() {
  const known = facts();
  return (id: string, change: Partial<RunEntry> = {}): RunEntry => ({
    dir: `/w/runs/${id}`,
    id,
    state: "finished",
    stage: "pretrain",
    experimentFile: "/w/faces.maskdm.yaml",
    parent: null,
    evaluation: null,
    ...known,
    label: id,
    tags: [],
    note: null,
    pinned: false,
    archived: false,
    group: null,
    ...change,
  });
}

const shape = (nodes: readonly TreeNode[]): unknown[] =>
  nodes.map((node) => {
    const name = node.kind === "run" ? node.entry.id : node.kind === "group" ? `[${node.name}]` : node.label;
    return node.children.length === 0 ? name : { [name]: shape(node.children) };
  });

function tree(
  runs: RunEntry[],
  { text = "", archived = false, sort = "name" as SortOrder, files = [] as string[] } = {},
) {
  return shape(buildTree(runs, files, { filter: { text, archived }, sort }));
}

describe("the tree of runs", () => {
  test("holds experiments, their runs, and finetunes below the run they came from, queued ones too", () => {
    const entry = entries();
    const queued = entry("c", { stage: "finetune", parent: "a", state: "queued", record: null, status: null });
    const runs = [entry("a"), entry("b", { stage: "finetune", parent: "a" }), queued];
    const other = entry("d", { experimentFile: "/w/cars.maskdm.yaml" });
    expect(tree([...runs, other])).toEqual([{ cars: ["d"] }, { faces: [{ a: ["b", "c"] }] }]);
    expect(tree(runs, { files: ["/w/cars.maskdm.yaml"] })).toEqual(["cars", { faces: [{ a: ["b", "c"] }] }]);
    expect(tree([], { files: ["/w/cars.maskdm.yaml"] })).toEqual([]);
  });

  test("survives parents that are gone, that are themselves, or that name each other", () => {
    const entry = entries();
    const runs = [
      entry("a", { parent: "gone" }),
      entry("b", { parent: "b" }),
      entry("c", { parent: "d" }),
      entry("d", { parent: "c" }),
    ];
    expect(tree(runs)).toEqual([{ faces: ["a", "b", "c", "d"] }]);
  });

  test("shows groups before loose runs, pinned runs first", () => {
    const entry = entries();
    const runs = [
      entry("a"),
      entry("b", { group: "Nights" }),
      entry("c", { pinned: true }),
      entry("d", { parent: "a", group: "Nights" }),
    ];
    expect(tree(runs)).toEqual([{ faces: [{ "[Nights]": ["b", "d"] }, "c", "a"] }]);
  });

  test("keeps what leads to a run that matches, and puts archived runs away with what is below them", () => {
    const entry = entries();
    const runs = [
      entry("a"),
      entry("b", { parent: "a", tags: ["good"] }),
      entry("c"),
      entry("d", { archived: true }),
      entry("e", { parent: "d" }),
    ];
    expect(tree(runs, { text: "tag:good" })).toEqual([{ faces: [{ a: ["b"] }] }]);
    expect(tree(runs)).toEqual([{ faces: [{ a: ["b"] }, "c"] }]);
    expect(tree(runs, { archived: true })).toEqual([{ faces: [{ a: ["b"] }, "c", { d: ["e"] }] }]);
  });

  test("sorts", () => {
    const entry = entries();
    const { record, status } = facts();
    const at = (id: string, day: number, loss: number, state: RunEntry["state"]) =>
      entry(id, {
        record: { ...record!, createdAt: `2026-01-0${day}T00:00:00.000Z` },
        status: { ...status!, loss },
        state,
      });
    const runs = [at("a", 2, 0.3, "stopped"), at("b", 1, 0.1, "running"), at("c", 3, 0.2, "failed")];
    const order = (sort: SortOrder) => (tree(runs, { sort })[0] as { faces: string[] }).faces.join("");
    expect([order("newest"), order("oldest"), order("name"), order("loss"), order("state")]).toEqual([
      "cab",
      "bac",
      "abc",
      "bca",
      "bca",
    ]);
  });

  test("has an outline that changes with what is shown where, not with what a run says", () => {
    const entry = entries();
    const options = { filter: { text: "", archived: false }, sort: "name" } as const;
    const lines = (...runs: RunEntry[]) => outline(buildTree(runs, [], options));
    expect(lines(entry("a", { state: "running" }))).toBe(lines(entry("a")));
    expect(lines(entry("a", { group: "x" }))).not.toBe(lines(entry("a")));
  });

  test("offers what fits a run's state", () => {
    const entry = entries();
    const words = (change: Partial<RunEntry>) => contextWords(entry("a", change)).split(" ");
    expect(words({ state: "running" })).toContain("live");
    expect(words({ state: "running" })).not.toContain("deletable");
    expect(words({ state: "stopped" })).toEqual(expect.arrayContaining(["resumable", "deletable", "source"]));
    expect(words({ state: "queued" })).not.toContain("deletable");
    expect(words({ state: "failed", launchFailed: true, record: null })).toEqual(
      expect.arrayContaining(["unbegun", "resumable"]),
    );
    expect(words({ stage: "finetune" })).not.toContain("source");
  });
});

test("a filter's words must all be found, in the place they name", () => {
  const entry = entries()("faces-01", { tags: ["Night"], note: "try again", state: "running", group: "Sweep" });
  const found = (text: string) => matches(entry, { text, archived: false });
  expect(
    ["faces", "tag:night", "state:run", "state:live", "AGAIN faces", "group:sweep", "stage:pre"].map(found),
  ).not.toContain(false);
  expect(["cars", "tag:faces", "state:stopped", "faces cars", "stage:fine"].map(found)).not.toContain(true);
});

test("a renamed folder is found by the id in its record, but a folder's own name counts first", () => {
  const entry = entries();
  const { record } = facts();
  const renamed = entry("renamed", { record: { ...record!, id: "a" } });
  const child = entry("child", { parent: "a" });
  expect(tree([renamed, child])).toEqual([{ faces: [{ renamed: ["child"] }] }]);
  expect(tree([renamed, child, entry("a", { record: { ...record!, id: "b" } })])).toEqual([
    { faces: [{ a: ["child"] }, "renamed"] },
  ]);
});
