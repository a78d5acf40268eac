/** Commands on a run's files: open, reveal, copy, delete. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { isAtWork, type RunEntry } from "../../core/run/entry.ts";
import type { Commands } from "../commands/commandTable.ts";
import { givenRuns, oneRun } from "./targets.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

export function fileCommands(runs: WorkspaceRuns) {
  const one = (args: readonly unknown[]): Promise<RunEntry | null> => {
    const none = "There are no runs in this workspace yet.";
    return oneRun(args, runs, { title: "Run", none, fits: () => true });
  };
  const open = async (path: string): Promise<void> => {
    if (!existsSync(path)) throw new UserError(`There is no ${path} yet.`);
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(path), { preview: true });
  };
  return {
    "maskdm.showRunLog": async (...args) => {
      const run = await one(args);
      if (run === null) return;
      const { launchLog } = await import("../../node/run/queue.ts");
      const launch = launchLog(dirname(run.dir), run.id);
      const own = join(run.dir, "log.txt");
      await open(run.launchFailed === true || !existsSync(own) ? launch : own);
    },
    "maskdm.openRunConfig": async (...args) => {
      const run = await one(args);
      if (run !== null) await open(join(run.dir, "experiment.maskdm.yaml"));
    },
    "maskdm.revealRunFolder": async (...args) => {
      const run = await one(args);
      if (run !== null) await vscode.commands.executeCommand("revealFileInOS", vscode.Uri.file(run.dir));
    },
    "maskdm.copyRunPath": async (...args) => {
      const given = (await givenRuns(args, runs)) ?? [await one(args)].filter((run) => run !== null);
      if (given.length > 0) await vscode.env.clipboard.writeText(given.map(({ dir }) => dir).join("\n"));
    },
    "maskdm.deleteRun": async (...args) => {
      const given = (await givenRuns(args, runs)) ?? [await one(args)].filter((run) => run !== null);
      if (given.length > 0) await deleteRuns(given, runs);
    },
  } satisfies Partial<Commands>;
}

/** @throws UserError for a run that is at work or queued: nothing is deleted then */
export async function deleteRuns(chosen: readonly RunEntry[], runs: WorkspaceRuns): Promise<void> {
  const [{ lockHolder }, { removeEntry }] = await Promise.all([
    import("../../node/run/lock.ts"),
    import("../../node/run/queue.ts"),
  ]);
  const isLive = (entry: RunEntry): boolean =>
    isAtWork(entry) || entry.state === "queued" || (existsSync(entry.dir) && lockHolder(entry.dir).held);
  const live = chosen.find(isLive);
  if (live !== undefined) {
    throw new UserError(`${live.label} is at work or queued. Stop it before deleting it.`);
  }
  const folders = chosen.filter(({ dir }) => existsSync(dir));
  if (folders.length > 0 && !(await confirm(folders, runs))) return;
  // Somebody may have resumed one while the question was open.
  const resumed = folders.find(isLive);
  if (resumed !== undefined) {
    throw new UserError(`${resumed.label} is at work again. Nothing was deleted.`);
  }
  for (const { dir } of chosen) {
    removeEntry(dirname(dir), basename(dir));
    if (existsSync(dir)) await toTrash(dir);
    await runs.changed(dir, dirname(dir));
  }
}

async function confirm(folders: readonly RunEntry[], runs: WorkspaceRuns): Promise<boolean> {
  const [first] = folders;
  const question =
    folders.length === 1 && first !== undefined
      ? `Move the run ${first.label} to the trash?`
      : `Move ${folders.length} runs to the trash?`;
  const chosen = new Set(folders.map(({ id }) => id));
  const children = runs.runs.filter(({ id, parent }) => parent !== null && chosen.has(parent) && !chosen.has(id));
  const facts = ["Its checkpoints, samples and metrics go with it."];
  if (children.length > 0) {
    facts.push(`Finetuned from it and kept: ${children.map(({ label }) => label).join(", ")}.`);
  }
  const move = "Move to Trash";
  return (await vscode.window.showWarningMessage(question, { modal: true, detail: facts.join("\n") }, move)) === move;
}

/** Where the system has no trash, as on some remote machines, the user is asked again. */
async function toTrash(dir: string): Promise<void> {
  const uri = vscode.Uri.file(dir);
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch (error) {
    if (!existsSync(dir)) return;
    const question = `${basename(dir)} could not be moved to the trash. Delete it for good?`;
    const detail = error instanceof Error ? error.message : String(error);
    const remove = "Delete Permanently";
    if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, remove)) !== remove) return;
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
  }
}
