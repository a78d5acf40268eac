/** Entry point of the extension: builds the services and registers the features, one file each. */
import * as vscode from "vscode";
import { registerAssistant } from "./assistant/registerAssistant.ts";
import { calibrateCommand } from "./calibration/calibrateCommand.ts";
import { MachineCalibration } from "./calibration/machineCalibration.ts";
import type { Commands } from "./commands/commandTable.ts";
import { registerCommands } from "./commands/registerCommands.ts";
import { type Dashboard, registerDashboard } from "./dashboard/registerDashboard.ts";
import { registerDesigner } from "./designer/registerDesigner.ts";
import { registerDoctor } from "./doctor/registerDoctor.ts";
import { experimentDocuments } from "./documents/experimentDocuments.ts";
import { studyDocuments } from "./documents/studyDocuments.ts";
import { importCommands } from "./import/importCommands.ts";
import { registerLanguage } from "./language/registerLanguage.ts";
import { newExperimentCommands } from "./newExperiment/newExperiment.ts";
import { newStudyCommands } from "./newStudy/newStudy.ts";
import { DetachedTrainer } from "./runs/detachedTrainer.ts";
import { type RunsFeature, registerRuns } from "./runs/registerRuns.ts";
import { WorkspaceRuns } from "./runs/workspaceRuns.ts";
import type { Services } from "./services.ts";
import { registerStudy } from "./study/registerStudy.ts";
import { registerToy } from "./toy/registerToy.ts";
import { installTorch } from "./trainer/installTorch.ts";

/** What tests inside the extension host get as the extension's exports. */
export interface ExtensionApi {
  readonly services: Services;
  readonly dashboard: Dashboard;
  readonly runs: RunsFeature;
  /** milliseconds that `activate` took */
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const started = performance.now();
  const log = vscode.window.createOutputChannel("MaskDM", { log: true });
  const documents = experimentDocuments(log);
  const studies = studyDocuments(log, () => vscode.workspace.isTrusted);
  const runs = new WorkspaceRuns(log, vscode.Uri.joinPath(context.globalStorageUri, "columns").fsPath);
  const trainer = new DetachedTrainer(context.extensionUri, runs, log);
  const calibration = new MachineCalibration(trainer);
  context.subscriptions.push(log, documents, studies, runs, trainer, calibration);
  const services: Services = { log, documents, studies, runs, trainer, calibration };
  const ofRuns = registerRuns(context, { log, runs, trainer });
  const ofDashboard = registerDashboard(context, services);
  registerAssistant(context, services);
  const commands: Commands = {
    "maskdm.showLog": async () => log.show(),
    "maskdm.doctor": registerDoctor(context, services),
    "maskdm.installTorch": () => installTorch(trainer),
    ...registerLanguage(context, services),
    ...newExperimentCommands(services),
    ...newStudyCommands(services),
    ...importCommands(services),
    ...ofRuns.commands,
    ...ofDashboard.commands,
    ...registerDesigner(context, services),
    ...registerStudy(context, { ...services, runs }),
    ...calibrateCommand(services),
    ...registerToy(context, services),
  };
  context.subscriptions.push(registerCommands(commands, log));
  const { feature: dashboard } = ofDashboard;
  return { services, runs: ofRuns.feature, dashboard, activationMs: performance.now() - started };
}
