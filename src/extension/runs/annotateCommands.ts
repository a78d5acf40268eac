/** Commands that say something about runs: names, tags, notes, groups, pins, archive. */
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { RunEntry } from "../../core/run/entry.ts";
import type { AnnotationsChange } from "../../node/run/annotations.ts";
import type { Commands, Handler } from "../commands/commandTable.ts";
import type { TreeNode } from "./runTree.ts";
import { givenRuns, oneRun } from "./targets.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

/** Writes the same change into the annotations of runs that have a folder. */
export async function annotate(
  runs: WorkspaceRuns,
  entries: readonly RunEntry[],
  change: AnnotationsChange,
): Promise<void> {
  const { changeAnnotations } = await import("../../node/run/annotations.ts");
  for (const { dir, record } of entries) {
    if (record === null) continue;
    changeAnnotations(dir, change);
    await runs.changed(dir, dirname(dir));
  }
}

export function annotateCommands(runs: WorkspaceRuns) {
  const some = async (args: readonly unknown[]): Promise<RunEntry[]> => {
    const given = await givenRuns(args, runs);
    if (given !== null) return given;
    const none = "There are no runs in this workspace yet.";
    const run = await oneRun(args, runs, { title: "Run", none, fits: ({ record }) => record !== null });
    return run === null ? [] : [run];
  };
  const set =
    (change: AnnotationsChange): Handler =>
    async (...args) =>
      annotate(runs, await some(args), change);
  return {
    "maskdm.pinRun": set({ pinned: true }),
    "maskdm.unpinRun": set({ pinned: false }),
    "maskdm.archiveRun": set({ archived: true }),
    "maskdm.unarchiveRun": set({ archived: false }),
    "maskdm.renameRun": async (...args) => {
      const [run] = await some(args);
      if (run === undefined) return;
      const value = run.label === run.id ? "" : run.label;
      const prompt = `Name to show instead of ${run.id}; empty: none. The folder keeps its name.`;
      const name = await vscode.window.showInputBox({ title: "Rename Run", prompt, value });
      if (name !== undefined) await annotate(runs, [run], { name });
    },
    "maskdm.tagRun": async (...args) => {
      const chosen = await some(args);
      const [first] = chosen;
      if (first === undefined) return;
      const common = first.tags.filter((tag) => chosen.every(({ tags }) => tags.includes(tag)));
      const prompt = "Tags, separated by commas";
      const value = common.join(", ");
      const text = await vscode.window.showInputBox({ title: "Tag Runs", prompt, value });
      if (text === undefined) return;
      const wanted = text.split(",").map((tag) => tag.trim());
      for (const run of chosen) {
        // What only some of them bear stays.
        const own = run.tags.filter((tag) => !common.includes(tag));
        await annotate(runs, [run], { tags: [...own, ...wanted] });
      }
    },
    "maskdm.noteRun": async (...args) => {
      const [run] = await some(args);
      if (run === undefined) return;
      const prompt = "Note, shown when the pointer rests on the run; empty: none";
      const value = run.note ?? "";
      const note = await vscode.window.showInputBox({ title: `Note on ${run.label}`, prompt, value });
      if (note !== undefined) await annotate(runs, [run], { note });
    },
    "maskdm.moveRunToGroup": async (...args) => {
      const chosen = await some(args);
      if (chosen.length === 0) return;
      const group = await chooseGroup(runs);
      if (group !== undefined) await annotate(runs, chosen, { group });
    },
  } satisfies Partial<Commands>;
}

/** @returns the group's name, null for none, undefined where the user chose nothing */
async function chooseGroup(runs: WorkspaceRuns): Promise<string | null | undefined> {
  const names = [...new Set(runs.runs.flatMap(({ group }) => group ?? []))].sort();
  const fresh = { label: "$(add) New Group…", name: "" };
  const none = { label: "$(close) No Group", name: null };
  const items = [...names.map((name) => ({ label: `$(folder-library) ${name}`, name })), fresh, none];
  const title = "Move to Group";
  const chosen = names.length === 0 ? fresh : await vscode.window.showQuickPick(items, { title });
  if (chosen === undefined) return undefined;
  return chosen === fresh ? askGroupName() : chosen.name;
}

async function askGroupName(): Promise<string | undefined> {
  const name = await vscode.window.showInputBox({
    title: "New Group",
    prompt: "Name of the group",
  });
  return name?.trim() === "" ? undefined : name?.trim();
}

/** Runs dropped on a group join it, on an experiment leave theirs, on a run join that run's, which is made if need be. */
export async function dropRuns(
  runs: WorkspaceRuns,
  dirs: readonly string[],
  target: TreeNode | undefined,
): Promise<void> {
  const entries = dirs.flatMap((dir) => runs.get(dir) ?? []);
  if (target?.kind === "group") return annotate(runs, entries, { group: target.name });
  if (target?.kind !== "run") return annotate(runs, entries, { group: null });
  if (dirs.includes(target.entry.dir)) return;
  if (target.entry.group !== null) return annotate(runs, entries, { group: target.entry.group });
  const group = await askGroupName();
  if (group !== undefined) await annotate(runs, [target.entry, ...entries], { group });
}
