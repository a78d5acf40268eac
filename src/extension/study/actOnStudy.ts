/** Carries out what a button or command asks for, by the command line that says the same. */
import { basename, resolve } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { StudyAction } from "../../core/protocol/study.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import { saved } from "../trainer/saved.ts";
import { studyCommandLine } from "./studyCommandLine.ts";

const DOING: Readonly<Record<StudyAction, string>> = {
  run: "Starting",
  stop: "Stopping",
  retry: "Trying failed cells again of",
  report: "Writing the report of",
};

/** The command line asks for it where nothing that was computed is part of the study any more. */
const ALL_THE_SAME = "--changed";

/** @throws UserError in Restricted Mode, and with what the command line says where it fails */
export async function actOnStudy(action: StudyAction, file: vscode.Uri, { trainer }: Services): Promise<void> {
  requireTrust();
  await saved(file);
  const { args, more, cwd } = studyCommandLine(action, file);
  const title = `${DOING[action]} ${basename(file.fsPath)} …`;
  let printed = "";
  const call = async (extra: readonly string[]): Promise<string | null> => {
    const { code, stderr, stdout } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title },
      () => trainer.command([...args, ...more, ...extra], { cwd }),
    );
    printed = stdout.trim();
    return code === 0 ? null : stderr.trim().replaceAll(/^error: /gm, "");
  };
  const refusal = await call([]);
  if (refusal === null && action === "report") void tellReport(resolve(cwd, printed));
  if (refusal === null) return;
  if (!refusal.includes(ALL_THE_SAME)) throw new UserError(refusal, "failure");
  const anyway = "Start All the Same";
  const said = "Nothing that was computed for this study is part of it any more. Nothing is deleted if it starts.";
  const chosen = await vscode.window.showWarningMessage(said, { modal: true }, anyway);
  const again = chosen === anyway ? await call([ALL_THE_SAME]) : null;
  if (again !== null) throw new UserError(again, "failure");
}

/** Not waited for: the report is there, whenever the message is closed. */
async function tellReport(path: string): Promise<void> {
  const open = "Open in Browser";
  const said = `The report is in ${vscode.workspace.asRelativePath(path)}.`;
  if ((await vscode.window.showInformationMessage(said, open)) === open) {
    await vscode.env.openExternal(vscode.Uri.file(path));
  }
}
