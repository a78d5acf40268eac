/** The command that measures the machine. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { Commands } from "../commands/commandTable.ts";
import { chooseFile, EXPERIMENT } from "../runs/chooseFile.ts";
import type { Services } from "../services.ts";
import { saved } from "../trainer/saved.ts";

export function calibrateCommand({ calibration }: Services) {
  return {
    "maskdm.calibrate": async (given) => {
      const file = await chooseFile(EXPERIMENT, given);
      if (file === undefined) return;
      await saved(file);
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
