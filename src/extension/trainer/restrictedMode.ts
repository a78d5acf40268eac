/** Restricted Mode: no process is started until the user trusts the folder. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { INSTALL_TORCH, isSettledByTorch } from "./torchRemedy.ts";

/** Says why nothing was started; shown with a button that leads to the editor's trust page. */
export class RestrictedModeError extends UserError {
  constructor() {
    super(
      "MaskDM starts no processes in Restricted Mode, since an experiment decides what is read and run. Trust this workspace to train and to sample.",
    );
  }
}

/** @throws RestrictedModeError where the workspace is not trusted */
export function requireTrust(isTrusted: boolean = vscode.workspace.isTrusted): void {
  if (!isTrusted) throw new RestrictedModeError();
}

/** Shows an error that a command met: a UserError as it is, anything else in the log, too. */
export async function showError(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (error instanceof RestrictedModeError) {
    const manage = "Manage Workspace Trust";
    const chosen = await vscode.window.showWarningMessage(error.message, manage);
    if (chosen === manage) await vscode.commands.executeCommand("workbench.trust.manage");
    return;
  }
  if (error instanceof vscode.CancellationError) return;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof UserError)) log.error(error instanceof Error ? error : message);
  const [headline = "", ...details] = message.split("\n");
  if (details.length > 0) log.error(message);
  const showLog = "Show Log";
  const buttons = [
    ...(isSettledByTorch(message) ? [INSTALL_TORCH.title] : []),
    ...(error instanceof UserError && details.length === 0 ? [] : [showLog]),
  ];
  const chosen = await vscode.window.showErrorMessage(
    details.length === 0 ? message : `${headline} ${details[0]}`,
    ...buttons,
  );
  if (chosen === showLog) log.show();
  if (chosen === INSTALL_TORCH.title) await vscode.commands.executeCommand(INSTALL_TORCH.command);
}
