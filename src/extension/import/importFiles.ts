/** MaskDM: Import: files of the method's published code, U-ViT or DiT become an experiment, and of weights a run. */
import { basename, dirname, resolve } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { failureText } from "../../node/shortCommand.ts";
import { type Commands, executeCommand } from "../commands/commandTable.ts";
import { freeName } from "../newExperiment/freeName.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";

export function importCommands(services: Pick<Services, "trainer" | "runs">) {
  return {
    "maskdm.import": async (given) => {
      requireTrust();
      const files = isFiles(given) ? given : await chooseFiles();
      if (files !== undefined && files.length > 0) await importFiles(files, services);
    },
  } satisfies Partial<Commands>;
}

const isFiles = (given: unknown): given is vscode.Uri[] =>
  Array.isArray(given) && given.every((file) => file instanceof vscode.Uri);

const chooseFiles = (): Thenable<vscode.Uri[] | undefined> =>
  vscode.window.showOpenDialog({
    title: "Weights, a configuration of the published code, or both",
    openLabel: "Import",
    canSelectMany: true,
    filters: { "Weights and configurations": ["pt", "pth", "bin", "safetensors", "yml", "yaml"], "All files": ["*"] },
  });

async function importFiles(
  files: readonly vscode.Uri[],
  { trainer, runs }: Pick<Services, "trainer" | "runs">,
): Promise<void> {
  const first = files[0]!;
  const root = (vscode.workspace.getWorkspaceFolder(first) ?? vscode.workspace.workspaceFolders?.[0])?.uri;
  const home = root?.scheme === "file" ? root.fsPath : dirname(first.fsPath);
  const runsDir = runsFolderFor(vscode.Uri.joinPath(vscode.Uri.file(home), "any"));
  const { slug } = await import("../../core/run/names.ts");
  const named = files.find(({ path }) => !/\.ya?ml$/i.test(path)) ?? first;
  const name = await freeName(home, slug(basename(named.path).replace(/\.[^.]*$/, "")));
  const places = ["--name", name, "--into", home, "--runs-dir", runsDir];
  const args = ["import", ...files.map(({ fsPath }) => fsPath), ...places];
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Importing", cancellable: true },
    (_, token) => trainer.command(args, { cwd: home, token }),
  );
  if (result.code !== 0) throw new UserError(failureText(result, "It could not be imported."));
  const [experiment = "", run] = result.stdout.trim().split("\n");
  await vscode.window.showTextDocument(vscode.Uri.file(resolve(home, experiment)), { preview: false });
  if (run !== undefined) {
    await runs.refresh();
    await executeCommand("maskdm.revealRun", resolve(home, run));
  }
  const notes = result.stderr.split("\n").filter((line) => line.startsWith("note: "));
  if (notes.length > 0)
    void vscode.window.showInformationMessage(notes.map((line) => line.slice("note: ".length)).join("; "));
}
