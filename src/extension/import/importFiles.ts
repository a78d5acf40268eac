/** Has files imported, and shows what they became. */
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { slug } from "../../core/run/names.ts";
import { failureText } from "../../node/shortCommand.ts";
import { executeCommand } from "../commands/commandTable.ts";
import { freeName } from "../newExperiment/freeName.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { Services } from "../services.ts";

const resultSchema = z.object({
  experiment: z.string().min(1),
  run: z.string().min(1).nullable(),
  notes: z.array(z.string()),
});

/** @throws UserError where they cannot be imported */
export async function importFiles(
  files: readonly vscode.Uri[],
  { trainer, runs }: Pick<Services, "trainer" | "runs">,
): Promise<void> {
  const first = files[0]!;
  const root = (vscode.workspace.getWorkspaceFolder(first) ?? vscode.workspace.workspaceFolders?.[0])?.uri;
  const home = root?.scheme === "file" ? root.fsPath : dirname(first.fsPath);
  const runsDir = runsFolderFor(vscode.Uri.joinPath(vscode.Uri.file(home), "any"));
  const named = files.find(({ path }) => !/\.ya?ml$/i.test(path)) ?? first;
  const name = await freeName(home, slug(basename(named.path).replace(/\.[^.]*$/, "")));
  const places = ["--name", name, "--into", home, "--runs-dir", runsDir];
  const args = ["import", ...files.map(({ fsPath }) => fsPath), ...places, "--json"];
  const options = { location: vscode.ProgressLocation.Notification, title: "Importing", cancellable: true };
  const result = await vscode.window.withProgress(options, async (_, token) => {
    const ended = await trainer.command(args, { cwd: home, token });
    return token.isCancellationRequested ? null : ended;
  });
  if (result === null) return;
  if (result.code !== 0) throw new UserError(failureText(result, "It could not be imported."));
  const { experiment, run, notes } = resultSchema.parse(JSON.parse(result.stdout));
  await vscode.window.showTextDocument(vscode.Uri.file(experiment), { preview: false });
  if (run !== null) {
    await runs.refresh();
    await executeCommand("maskdm.revealRun", run);
  }
  if (notes.length > 0) void vscode.window.showInformationMessage(notes.join("; "));
}
