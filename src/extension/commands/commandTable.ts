/** All commands of the extension, by the ids that package.json contributes: a test in the extension host compares the two. */
import * as vscode from "vscode";
import type { DashboardTab } from "../../core/protocol/dashboardTabs.ts";

/** Folder of a run, absolute. */
type Run = string;

/** Each command with what the extension's own code may pass to it. Menus, keys and links pass other things, so handlers look at what they get. */
interface CommandArguments {
  "maskdm.showLog": [];
  /** at a tab of it */
  "maskdm.openDashboard": [runs: readonly Run[], at?: { readonly tab: DashboardTab }];
  "maskdm.compareRuns": [];
  "maskdm.newExperiment": [];
  "maskdm.newExperimentHere": [folder: vscode.Uri];
  /** weights and configurations */
  "maskdm.import": [files: readonly vscode.Uri[]];
  "maskdm.newStudy": [experiment: vscode.Uri];
  "maskdm.newAblation": [experiment: vscode.Uri];
  "maskdm.doctor": [];
  "maskdm.installTorch": [];
  /** topic: a rule (MDM301) or a key (mask.rate) */
  "maskdm.explain": [topic: string];
  "maskdm.openDesigner": [file: vscode.Uri];
  "maskdm.reopenAsText": [file: vscode.Uri];
  "maskdm.previewMaskedBatch": [file: vscode.Uri, step: number];
  "maskdm.calibrate": [file: vscode.Uri];
  "maskdm.openToy": [];
  "maskdm.openStudy": [file: vscode.Uri];
  "maskdm.reopenStudyAsText": [file: vscode.Uri];
  "maskdm.runStudy": [file: vscode.Uri];
  "maskdm.stopStudy": [file: vscode.Uri];
  "maskdm.retryFailedCells": [file: vscode.Uri];
  "maskdm.exportStudyReport": [file: vscode.Uri];
  "maskdm.pretrain": [file: vscode.Uri];
  /** from the run, or with the experiment of the file */
  "maskdm.finetune": [from: Run | vscode.Uri];
  "maskdm.finetuneFromRun": [run: Run];
  "maskdm.resume": [run: Run];
  "maskdm.stop": [run: Run];
  "maskdm.openRun": [run: Run];
  "maskdm.sample": [run: Run];
  /** asks how, where that is not given */
  "maskdm.evaluateRun": [run: Run, how?: { readonly samples: number; readonly space: string }];
  /** asks as what and where to, where that is not given: HowToExport */
  "maskdm.exportRun": [run: Run, how?: { readonly kind: string; readonly folder: string }];
  "maskdm.showRunLog": [run: Run];
  "maskdm.refreshRuns": [];
  "maskdm.showRunningRuns": [];
  "maskdm.revealRun": [run: Run];
  "maskdm.pinRun": [run: Run];
  "maskdm.unpinRun": [run: Run];
  "maskdm.archiveRun": [run: Run];
  "maskdm.unarchiveRun": [run: Run];
  "maskdm.renameRun": [run: Run];
  "maskdm.tagRun": [run: Run];
  "maskdm.noteRun": [run: Run];
  "maskdm.moveRunToGroup": [run: Run];
  "maskdm.openRunConfig": [run: Run];
  "maskdm.revealRunFolder": [run: Run];
  "maskdm.copyRunPath": [run: Run];
  "maskdm.deleteRun": [run: Run];
  "maskdm.filterRuns": [];
  "maskdm.clearRunFilter": [];
  "maskdm.sortRuns": [];
  "maskdm.showArchivedRuns": [];
  "maskdm.hideArchivedRuns": [];
}

export type CommandId = keyof CommandArguments;
/** Commands that can be given a run's folder. */
export type RunCommand = { [C in CommandId]: [Run] extends CommandArguments[C] ? C : never }[CommandId];

export type Handler = (...args: unknown[]) => Promise<unknown>;
/** What each command does. A feature has a part of them, `satisfies Partial<Commands>`. */
export type Commands = Readonly<Record<CommandId, Handler>>;

export function executeCommand<C extends CommandId>(id: C, ...args: CommandArguments[C]): Thenable<unknown> {
  return vscode.commands.executeCommand(id, ...args);
}

/** A command of the extension as lenses and items bear it. */
export function commandOf<C extends CommandId>(title: string, id: C, ...args: CommandArguments[C]): vscode.Command {
  return { command: id, title, arguments: args };
}

/** A link that executes a command of the extension. */
export function commandLink<C extends CommandId>(id: C, ...args: CommandArguments[C]): vscode.Uri {
  return vscode.Uri.parse(`command:${id}?${encodeURIComponent(JSON.stringify(args))}`);
}
