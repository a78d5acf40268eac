/** Entry point of the extension: builds the services and registers the features, one file each. */
import * as vscode from "vscode";
import { registerLogCommand } from "./commands/showLog.ts";
import type { Services } from "./services.ts";

/** What tests inside the extension host get as the extension's exports. */
export interface ExtensionApi {
  readonly services: Services;
  /** milliseconds that `activate` took */
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const started = performance.now();
  const log = vscode.window.createOutputChannel("MaskDM", { log: true });
  context.subscriptions.push(log);
  const services: Services = { log };
  registerLogCommand(context, services);
  return { services, activationMs: performance.now() - started };
}
