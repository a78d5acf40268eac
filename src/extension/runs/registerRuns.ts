/** Runs in the editor: the explorer and its commands, status bar, notifications, tasks. */
import * as vscode from "vscode";
import { showError } from "../trainer/restrictedMode.ts";
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

export function registerRuns(
  context: vscode.ExtensionContext,
  services: { readonly log: vscode.LogOutputChannel; readonly runs: WorkspaceRuns; readonly trainer: DetachedTrainer },
): RunsFeature {
  const { log, runs, trainer } = services;
  const guarded = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      // Not waited for: a command has ended when its error is shown, not when the message is closed.
      void showError(error, log);
      return undefined;
    }
  };
  const explorer = new RunExplorer(runs, context.workspaceState, async (dirs, target) => {
    await guarded(() => dropRuns(runs, dirs, target));
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
    ...Object.entries(commands).map(([id, handler]) =>
      vscode.commands.registerCommand(id, (...args: unknown[]) => guarded(() => handler(...args))),
    ),
  );
  return { explorer, statusBar };
}
