/** MaskDM: Show Log. */
import * as vscode from "vscode";
import type { Services } from "../services.ts";

export function registerLogCommand(context: vscode.ExtensionContext, { log }: Services): void {
  context.subscriptions.push(vscode.commands.registerCommand("maskdm.showLog", () => log.show()));
}
