/** Entry point of the extension: builds the services and registers the features, one file each. */
import * as vscode from "vscode";
import { MachineCalibration } from "./calibration/machineCalibration.ts";
import { registerCalibration } from "./calibration/registerCalibration.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerLogCommand } from "./commands/showLog.ts";
import { type Dashboard, registerDashboard } from "./dashboard/registerDashboard.ts";
import { registerDesigner } from "./designer/registerDesigner.ts";
import { ExperimentDocumentStore } from "./documents/experimentDocuments.ts";
import { registerLanguage } from "./language/registerLanguage.ts";
import { registerNewExperiment } from "./newExperiment/newExperiment.ts";
import { DetachedTrainer } from "./runs/detachedTrainer.ts";
import { type RunsFeature, registerRuns } from "./runs/registerRuns.ts";
import { WorkspaceRuns } from "./runs/workspaceRuns.ts";
import type { Services } from "./services.ts";

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
  const documents = new ExperimentDocumentStore(log);
  const runs = new WorkspaceRuns(log);
  const trainer = new DetachedTrainer(context.extensionUri, runs, log);
  const calibration = new MachineCalibration(context.globalState, trainer);
  context.subscriptions.push(log, documents, runs, trainer, calibration);
  const services: Services = { log, documents, runs, trainer, calibration };
  registerLogCommand(context, services);
  registerLanguage(context, services);
  registerNewExperiment(context, services);
  registerDoctor(context, services);
  const runsFeature = registerRuns(context, { log, runs, trainer });
  const dashboard = registerDashboard(context, services);
  registerDesigner(context, services);
  registerCalibration(context, services);
  return { services, runs: runsFeature, dashboard, activationMs: performance.now() - started };
}
