/** The command that measures the machine. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { chooseExperiment } from "../designer/chooseExperiment.ts";
import type { Services } from "../services.ts";

export function registerCalibration(context: vscode.ExtensionContext, { calibration, log }: Services): void {
  context.subscriptions.push(
    vscode.commands.registerCommand("maskdm.calibrate", async (uri?: vscode.Uri) => {
      const file = uri ?? (await chooseExperiment());
      if (file === undefined) return;
      await vscode.workspace.textDocuments.find((document) => document.uri.toString() === file.toString())?.save();
      const title = "Measuring how fast this machine trains …";
      try {
        await vscode.window.withProgress(
          { location: vscode.ProgressLocation.Notification, title, cancellable: true },
          (_, token) => calibration.measure(file, token),
        );
      } catch (error) {
        if (error instanceof vscode.CancellationError) return;
        const why = error instanceof Error ? error.message : String(error);
        if (!(error instanceof UserError)) log.error(`calibration: ${why}`);
        void vscode.window.showErrorMessage(`This machine could not be measured: ${why}`);
      }
    }),
  );
}
