/** The command that measures the machine. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { Commands } from "../commands/commandTable.ts";
import { chooseExperiment } from "../designer/chooseExperiment.ts";
import type { Services } from "../services.ts";

export function calibrateCommand({ calibration }: Services) {
  return {
    "maskdm.calibrate": async (given) => {
      const file = await chooseExperiment(given);
      if (file === undefined) return;
      await vscode.workspace.textDocuments.find((document) => document.uri.toString() === file.toString())?.save();
      const title = "Measuring how fast this machine trains …";
      try {
        await vscode.window.withProgress(
          { location: vscode.ProgressLocation.Notification, title, cancellable: true },
          (_, token) => calibration.measure(file, token),
        );
      } catch (error) {
        if (error instanceof UserError) throw new UserError(`This machine could not be measured: ${error.message}`);
        throw error;
      }
    },
  } satisfies Partial<Commands>;
}
