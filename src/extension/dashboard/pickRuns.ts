/** Asks for runs. */
import * as vscode from "vscode";
import { newestFirst } from "../../core/run/entry.ts";
import type { RunEntry } from "../services.ts";
import { differencesOf } from "./runDifferences.ts";

export interface RunItem extends vscode.QuickPickItem {
  readonly dir: string;
}

/**
 * @param preselected folders of runs that are picked to begin with
 * @returns folders; null: the user chose none
 */
export async function pickRuns(
  runs: readonly RunEntry[],
  title: string,
  preselected: ReadonlySet<string> = new Set(),
): Promise<string[] | null> {
  // The list is made while the picker is open already: what differs stands in the runs' experiments.
  const picked = await vscode.window.showQuickPick(runItems(runs, preselected), {
    canPickMany: true,
    title,
    placeHolder: "Type to filter",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked === undefined || picked.length === 0 ? null : picked.map(({ dir }) => dir);
}

/** The runs that are not archived as a list to choose from, newest first, each with what tells it apart. */
export async function runItems(runs: readonly RunEntry[], preselected: ReadonlySet<string>): Promise<RunItem[]> {
  const shown = newestFirst(runs.filter((run) => !run.archived));
  const differences = await differencesOf(shown);
  const experiments = new Set(shown.map(({ experimentFile }) => experimentFile));
  return shown.map((run) => {
    const experiment = experiments.size > 1 ? (run.record?.name ?? null) : null;
    const facts = [
      differences.get(run.dir) ?? null,
      whenText(run),
      experiment,
      run.tags.map((tag) => `#${tag}`).join(" "),
    ];
    return {
      label: run.label,
      description: [run.state, stepsText(run), run.stage ?? ""].filter((fact) => fact !== "").join(" · "),
      detail:
        run.state === "damaged" ? (run.reason ?? "") : facts.filter((fact) => fact !== null && fact !== "").join(" · "),
      picked: preselected.has(run.dir),
      dir: run.dir,
    };
  });
}

function stepsText({ status, state }: RunEntry): string {
  if (status === null) return "";
  const count = (value: number): string => value.toLocaleString("en-US");
  const { step, totalSteps } = status;
  return state === "finished" || step === totalSteps
    ? `${count(step)} steps`
    : `step ${count(step)} of ${count(totalSteps)}`;
}

function whenText({ record }: RunEntry): string {
  if (record === null) return "";
  return new Date(record.createdAt).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
