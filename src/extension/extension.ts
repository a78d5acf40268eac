/** Entry point of the extension: builds the services and registers the features, one file each. */
import * as vscode from "vscode";
import { registerLogCommand } from "./commands/showLog.ts";
import { type Dashboard, registerDashboard } from "./dashboard/registerDashboard.ts";
import { ExperimentDocumentStore } from "./documents/experimentDocuments.ts";
import { registerLanguage } from "./language/registerLanguage.ts";
import { WorkspaceRuns } from "./runs/workspaceRuns.ts";
import type { Services } from "./services.ts";
import { DetachedTrainer } from "./trainer/detachedTrainer.ts";

/** What tests inside the extension host get as the extension's exports. */
export interface ExtensionApi {
  readonly services: Services;
  readonly dashboard: Dashboard;
  /** milliseconds that `activate` took */
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const started = performance.now();
  const log = vscode.window.createOutputChannel("MaskDM", { log: true });
  const documents = new ExperimentDocumentStore(log);
  const runs = new WorkspaceRuns(log);
  const trainer = new DetachedTrainer(context.extensionUri, runs, log);
  context.subscriptions.push(log, documents, runs, trainer);
  const services: Services = { log, documents, runs, trainer };
  registerLogCommand(context, services);
  registerLanguage(context, services);
  const dashboard = registerDashboard(context, services);
  return { services, dashboard, activationMs: performance.now() - started };
}
