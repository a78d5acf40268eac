/** Which folders a dashboard may show: runs of this workspace, and not too many. */
import { realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { MOST_RUNS } from "../../core/protocol/dashboard.ts";
import { looksLikeRun } from "../../node/run/list.ts";
import { wayInto } from "../../node/wayInto.ts";
import type { RunService } from "../services.ts";

/** @throws UserError where the folder is no run that the explorer lists, and none in a folder of the workspace */
export async function requireRun(dir: string, runs: RunService): Promise<void> {
  if (runs.get(dir) !== undefined) return;
  if (isAbsolute(dir) && (await isInWorkspace(dir)) && looksLikeRun(dir)) return;
  throw new UserError(`${dir} is not a run of this workspace.`);
}

/** @throws UserError where one dashboard would have more runs than it can show */
export function requireFew(runs: number): void {
  if (runs <= MOST_RUNS) return;
  throw new UserError(`A dashboard shows ${MOST_RUNS} runs at most. Choose fewer.`);
}

/** Links are followed, so that none leads outside. */
async function isInWorkspace(dir: string): Promise<boolean> {
  try {
    const real = await realpath(dir);
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      if (uri.scheme !== "file") continue;
      const way = wayInto(await realpath(uri.fsPath), real);
      if (way !== null && way !== "") return true;
    }
  } catch {
    // It does not exist.
  }
  return false;
}
