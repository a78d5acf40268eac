/** Runs in the editor: the explorer and its commands, status bar, notifications, tasks. */
import * as vscode from "vscode";
import { guarded } from "../commands/registerCommands.ts";
import { annotateCommands, dropRuns } from "./annotateCommands.ts";
import type { DetachedTrainer } from "./detachedTrainer.ts";
import { fileCommands } from "./fileCommands.ts";
import { RunExplorer } from "./runExplorer.ts";
import { RunNotifications } from "./runNotifications.ts";
import { RunStatusBar } from "./runStatusBar.ts";
import { TASK_TYPE } from "./taskType.ts";
import { trainCommands } from "./trainCommands.ts";
import { viewCommands } from "./viewCommands.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

/** What the feature offers to tests inside the extension host. */
export interface RunsFeature {
  readonly explorer: RunExplorer;
  readonly statusBar: RunStatusBar;
}

/** @returns its commands, too */
export function registerRuns(
  context: vscode.ExtensionContext,
  services: { readonly log: vscode.LogOutputChannel; readonly runs: WorkspaceRuns; readonly trainer: DetachedTrainer },
) {
  const { log, runs, trainer } = services;
  const explorer = new RunExplorer(runs, context.workspaceState, async (dirs, target) => {
    await guarded(() => dropRuns(runs, dirs, target), log);
  });
  const statusBar = new RunStatusBar(runs);
  const commands = {
    ...trainCommands({ runs, trainer, explorer, log }),
    ...annotateCommands(runs),
    ...fileCommands(runs),
    ...viewCommands(explorer),
  };
  const tasks = async () => {
    const { TrainTasks } = await import("./trainTasks.ts");
    return new TrainTasks(runs, trainer);
  };
  context.subscriptions.push(
    explorer,
    statusBar,
    new RunNotifications(runs),
    vscode.tasks.registerTaskProvider(TASK_TYPE, {
      provideTasks: async () => (await tasks()).provideTasks(),
      resolveTask: async (task) => (await tasks()).resolveTask(task),
    }),
  );
  const feature: RunsFeature = { explorer, statusBar };
  return { feature, commands };
}
