/** What is started is what the user sees. */
import { basename } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";

/** Saves a file that is open with changes. @throws UserError where it cannot be saved */
export async function saved(file: vscode.Uri): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString());
  if (document?.isDirty === true && !(await document.save())) {
    throw new UserError(`${basename(file.fsPath)} could not be saved, so nothing was started.`);
  }
}
