/** Asks for runs. */
import * as vscode from "vscode";
import type { RunEntry } from "../services.ts";

/**
 * @param preselected folders of runs that are picked to begin with
 * @returns folders; null: the user chose none
 */
export async function pickRuns(
  runs: readonly RunEntry[],
  title: string,
  preselected: ReadonlySet<string> = new Set(),
): Promise<string[] | null> {
  const items = newestFirst(runs.filter((run) => !run.archived)).map((run) => {
    const step = run.status === null ? "" : ` · ${run.status.step.toLocaleString("en-US")}`;
    return {
      label: run.label,
      description: `${run.state}${step}`,
      ...(run.tags.length > 0 ? { detail: run.tags.join(", ") } : {}),
      picked: preselected.has(run.dir),
      dir: run.dir,
    };
  });
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    title,
    placeHolder: vscode.l10n.t("Type to filter"),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked === undefined || picked.length === 0 ? null : picked.map(({ dir }) => dir);
}

export function newestFirst(runs: readonly RunEntry[]): RunEntry[] {
  const created = (run: RunEntry): string => run.record?.createdAt ?? "";
  return [...runs].sort((a, b) => (created(a) < created(b) ? 1 : created(a) > created(b) ? -1 : 0));
}
