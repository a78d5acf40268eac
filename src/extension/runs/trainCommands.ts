/** Commands that start, stop, resume and open runs. */
import * as vscode from "vscode";
import type { Stage } from "../../core/random/streams.ts";
import { isAtWork, isResumable, type RunEntry } from "../../core/run/entry.ts";
import { isSamePath } from "../../node/pathKey.ts";
import { type Commands, executeCommand } from "../commands/commandTable.ts";
import { guarded } from "../commands/registerCommands.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import type { DetachedTrainer } from "./detachedTrainer.ts";
import { RUNS_VIEW, type RunExplorer } from "./runExplorer.ts";
import { givenRuns, oneExperiment, oneRun, pickRun } from "./targets.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

export interface RunFeature {
  readonly runs: WorkspaceRuns;
  readonly trainer: DetachedTrainer;
  readonly explorer: RunExplorer;
  readonly log: vscode.LogOutputChannel;
}

/** Each returns what tests and other features may use: the folder of the run, or nothing. */
export function trainCommands(feature: RunFeature) {
  const { runs, trainer, explorer } = feature;
  return {
    "maskdm.pretrain": async (...args) => {
      requireTrust();
      const file = await oneExperiment(args, runs, "Experiment to pretrain");
      return file === null ? null : start(feature, file, "pretrain");
    },
    "maskdm.finetune": async (...args) => {
      requireTrust();
      const [given] = (await givenRuns(args, runs)) ?? [];
      const file = await oneExperiment(args, runs, "Experiment to finetune");
      if (file === null) return null;
      if (given !== undefined) return start(feature, file, "finetune", given.dir);
      const source = await finetuneSource(feature, file);
      return source === null ? null : start(feature, file, "finetune", source.dir);
    },
    "maskdm.finetuneFromRun": async (...args) => {
      requireTrust();
      const title = "Run to finetune from";
      const none = "There is no pretraining run yet.";
      const run = await oneRun(args, runs, {
        title,
        none,
        fits: ({ stage, record }) => stage === "pretrain" && record !== null,
      });
      return run === null ? null : executeCommand("maskdm.finetune", run.dir);
    },
    "maskdm.resume": async (...args) => {
      requireTrust();
      const title = "Run to go on with";
      const none = "No run has been stopped or interrupted.";
      const run = await oneRun(args, runs, { title, none, fits: isResumable });
      if (run === null) return null;
      await trainer.resume(run.dir);
      return run.dir;
    },
    "maskdm.stop": async (...args) => {
      requireTrust();
      const fits = (entry: RunEntry) => isAtWork(entry) || entry.state === "queued";
      const given = await givenRuns(args, runs);
      if (given !== null && given.length > 1) {
        for (const entry of given.filter(fits)) await trainer.stop(entry.dir);
        return null;
      }
      const none = "No run is at work.";
      const run = await oneRun(args, runs, { title: "Run to stop", none, fits });
      if (run === null) return null;
      await trainer.stop(run.dir);
      return run.dir;
    },
    "maskdm.openRun": async (...args) => {
      const given = await givenRuns(args, runs);
      if (given === null || given.length === 0) {
        const none = "There are no runs in this workspace yet.";
        const title = "Run to open";
        const run = await oneRun(args, runs, { title, none, fits: ({ record }) => record !== null });
        if (run === null) return null;
        return executeCommand("maskdm.openDashboard", [run.dir]);
      }
      return executeCommand(
        "maskdm.openDashboard",
        given.map(({ dir }) => dir),
      );
    },
    "maskdm.sample": async (...args) => {
      requireTrust();
      const title = "Run to draw images with";
      const none = "There is no run to draw images with yet.";
      const run = await oneRun(args, runs, { title, none, fits: ({ record }) => record !== null });
      if (run === null) return null;
      const { drawSamples } = await import("./drawSamples.ts");
      return drawSamples(run, trainer);
    },
    "maskdm.evaluateRun": async (...args) => {
      requireTrust();
      const title = "Run whose images are measured";
      const none = "There is no run whose images could be measured yet.";
      const run = await oneRun(args, runs, { title, none, fits: ({ record }) => record !== null });
      if (run === null) return null;
      const { evaluateRun } = await import("./evaluateRun.ts");
      return evaluateRun(run, feature, args[1]);
    },
    "maskdm.exportRun": async (...args) => {
      requireTrust();
      const title = "Run to export";
      const none = "There is no run to export yet.";
      const run = await oneRun(args, runs, { title, none, fits: ({ record }) => record !== null });
      if (run === null) return null;
      const { exportRun } = await import("./exportRun.ts");
      return exportRun(run, trainer, args[1]);
    },
    "maskdm.refreshRuns": () => runs.refresh(),
    "maskdm.showRunningRuns": async () => {
      const active = runs.runs.filter((entry) => isAtWork(entry) || entry.state === "queued");
      if (active.length === 0) return focusRuns();
      return showActive(active, feature);
    },
    "maskdm.revealRun": async (dir) => {
      await focusRuns();
      if (typeof dir === "string") await explorer.reveal(dir);
    },
  } satisfies Partial<Commands>;
}

const focusRuns = () => vscode.commands.executeCommand(`${RUNS_VIEW}.focus`);

async function start(
  { trainer, explorer }: RunFeature,
  file: vscode.Uri,
  stage: Stage,
  from?: string,
): Promise<string> {
  const dir = await trainer.start({ file, stage, ...(from === undefined ? {} : { from }) });
  await explorer.reveal(dir);
  return dir;
}

/** The pretraining run to finetune from; null: none chosen, or there is none (which was said). */
async function finetuneSource(feature: RunFeature, file: vscode.Uri): Promise<RunEntry | null> {
  const usable = (entry: RunEntry) => entry.stage === "pretrain" && !entry.archived && entry.state !== "damaged";
  const all = feature.runs.runs
    .filter(usable)
    .filter(({ launchFailed, record }) => launchFailed !== true || record !== null);
  const own = all.filter(({ experimentFile }) => isSamePath(experimentFile, file.fsPath));
  const candidates = own.length > 0 ? own : all;
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length > 1) return pickRun(candidates, "Pretraining run to start from");
  const pretrain = "Pretrain";
  const said = "Finetuning starts from a pretraining run, and there is none yet.";
  const chosen = await vscode.window.showInformationMessage(said, pretrain);
  if (chosen === pretrain) await start(feature, file, "pretrain");
  return null;
}

/** Runs at work and queued, to open or to stop. */
async function showActive(active: readonly RunEntry[], { trainer, log }: RunFeature): Promise<void> {
  const stop: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("debug-stop"),
    tooltip: "Stop",
  };
  const { runDescription, stateIcon } = await import("./runText.ts");
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly dir: string }>();
  pick.title = "Runs at work";
  pick.placeholder = "Choose a run to open it";
  pick.items = active.map((entry) => ({
    label: `$(${stateIcon(entry.state).id}) ${entry.label}`,
    description: runDescription(entry),
    buttons: [stop],
    dir: entry.dir,
  }));
  pick.onDidTriggerItemButton(async ({ item }) => {
    pick.hide();
    await guarded(() => trainer.stop(item.dir), log);
  });
  pick.onDidAccept(() => {
    const [chosen] = pick.selectedItems;
    pick.hide();
    if (chosen !== undefined) void executeCommand("maskdm.openRun", chosen.dir);
  });
  pick.onDidHide(() => pick.dispose());
  pick.show();
}
