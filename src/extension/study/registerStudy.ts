/** The study editor and its commands. */
import * as vscode from "vscode";
import type { StudyAction } from "../../core/protocol/study.ts";
import type { Commands } from "../commands/commandTable.ts";
import { showAsText } from "../documents/showAsText.ts";
import { activeFile, chooseFile, STUDY } from "../runs/chooseFile.ts";
import type { WorkspaceRuns } from "../runs/workspaceRuns.ts";
import type { Services } from "../services.ts";
import { StudyNotifications } from "./studyNotifications.ts";
import { StudyProvider } from "./studyProvider.ts";
import { STUDY_VIEW_TYPE } from "./viewType.ts";

/** @returns its commands */
export function registerStudy(context: vscode.ExtensionContext, services: Services & { readonly runs: WorkspaceRuns }) {
  const provider = new StudyProvider(context.extensionUri, services);
  context.subscriptions.push(
    new StudyNotifications(services.runs, services.log),
    vscode.window.registerCustomEditorProvider(STUDY_VIEW_TYPE, provider, { supportsMultipleEditorsPerDocument: true }),
  );
  const act = (action: StudyAction) => async (given: unknown) => {
    const file = await chooseFile(STUDY, given);
    if (file === undefined) return;
    const { actOnStudy } = await import("./actOnStudy.ts");
    await actOnStudy(action, file, services);
  };
  return {
    "maskdm.openStudy": async (given) => {
      const file = await chooseFile(STUDY, given);
      if (file !== undefined) await provider.open(file);
    },
    "maskdm.reopenStudyAsText": async (given) => {
      const file = given instanceof vscode.Uri ? given : activeFile(STUDY);
      if (file !== undefined) await showAsText(file, STUDY_VIEW_TYPE);
    },
    "maskdm.runStudy": act("run"),
    "maskdm.stopStudy": act("stop"),
    "maskdm.retryFailedCells": act("retry"),
    "maskdm.exportStudyReport": act("report"),
  } satisfies Partial<Commands>;
}
