/** Carries out what a button or command asks for, by the command line that says the same. */
import { basename } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { StudyAction } from "../../core/protocol/study.ts";
import { saved } from "../documents/saved.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import { studyCommandLine } from "./studyCommandLine.ts";

const DOING: Readonly<Record<StudyAction, string>> = {
  run: "Starting",
  stop: "Stopping",
  retry: "Trying failed cells again of",
  report: "Writing the report of",
};

/** @throws UserError in Restricted Mode, and with what the command line says where it fails */
export async function actOnStudy(action: StudyAction, file: vscode.Uri, { trainer }: Services): Promise<void> {
  requireTrust();
  await saved(file);
  const { args, cwd } = studyCommandLine(action, file);
  const title = `${DOING[action]} ${basename(file.fsPath)} …`;
  const { code, stderr } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
    trainer.command(args, { cwd }),
  );
  if (code === 0) return;
  const lines = stderr.trim().split("\n");
  throw new UserError(lines.map((line) => line.replace(/^error: /, "")).join("\n"), "failure");
}
