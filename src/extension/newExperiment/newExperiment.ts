/** MaskDM: New Experiment: a folder or archive of images, a name, and a commented file with sizes that suit both. */
import { basename, dirname, resolve } from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { archiveStem, isArchiveName } from "../../core/images/archiveNames.ts";
import { SUPPORTED_FORMATS } from "../../core/images/fileKinds.ts";
import { exists } from "../../node/exists.ts";
import { wayInto } from "../../node/wayInto.ts";
import { type Commands, executeCommand, type Handler } from "../commands/commandTable.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import { chooseImages, TITLE } from "./chooseImages.ts";
import { fileOf, freeName } from "./freeName.ts";

export function newExperimentCommands(services: Services) {
  const run: Handler = async (folder) => {
    requireTrust();
    await newExperiment(folder instanceof vscode.Uri ? folder : undefined, services);
  };
  // The same, under another title in the menu of a folder.
  return { "maskdm.newExperiment": run, "maskdm.newExperimentHere": run } satisfies Partial<Commands>;
}

/** @param folder or archive of images; asked for where it is left out */
async function newExperiment(folder: vscode.Uri | undefined, services: Services): Promise<void> {
  const images = await imagesFrom(folder);
  if (images === undefined) return;
  const home = homeFor(images);
  const name = await askName(home, images);
  if (name === undefined) return;
  const file = await write({ home, name, images }, services);
  await open(file);
  if (vscode.workspace.getWorkspaceFolder(file) === undefined) await offerFolder(home);
}

/** A folder or archive that holds images; asks again where one holds none. */
async function imagesFrom(folder: vscode.Uri | undefined): Promise<string | undefined> {
  if (folder !== undefined && folder.scheme !== "file")
    throw new UserError(`Images are read from folders and archives on a disk; ${folder.toString(true)} is not on one.`);
  const workspace = workspaceFolder()?.uri.fsPath;
  const { datasetFacts } = await import("../../node/facts/datasetFacts.ts");
  let images = folder?.fsPath ?? (await chooseImages(workspace));
  for (;;) {
    if (images === undefined) return undefined;
    const facts = await datasetFacts(images, []);
    if (facts.exists && facts.problem === undefined && facts.images !== 0) return images;
    const again = "Choose Others";
    const why =
      facts.problem === undefined
        ? `There are no images (${SUPPORTED_FORMATS}) in ${images} or in folders below it.`
        : `${images} ${facts.problem}`;
    const chosen = await vscode.window.showWarningMessage(why, again);
    images = chosen === again ? await chooseImages(workspace) : undefined;
  }
}

/** Where the file goes: the workspace folder around the images, else the only or active one, else the images' own folder, or that of the archive. */
function homeFor(images: string): string {
  const around = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(images));
  return (around ?? workspaceFolder())?.uri.fsPath ?? (isArchiveName(images) ? dirname(images) : images);
}

function workspaceFolder(): vscode.WorkspaceFolder | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folder = active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active);
  return [folder, ...(vscode.workspace.workspaceFolders ?? [])].find((candidate) => candidate?.uri.scheme === "file");
}

async function askName(home: string, images: string): Promise<string | undefined> {
  const { runNameProblem, slug } = await import("../../core/run/names.ts");
  // A folder called images says nothing of what is in it.
  const own = archiveStem(basename(images));
  const proposed = slug(/^(images?|data|pictures|train|img)$/i.test(own) ? basename(dirname(images)) : own);
  return vscode.window.showInputBox({
    title: TITLE,
    prompt: `Name of the experiment; it becomes NAME.maskdm.yaml in ${home}`,
    value: await freeName(home, proposed),
    validateInput: async (name) => {
      const problem = runNameProblem(name.trim());
      if (problem !== null) return `This is no name for an experiment: ${problem}.`;
      if (await exists(fileOf(home, name.trim()))) return "There is an experiment of this name already.";
      return null;
    },
  });
}

async function write(
  { home, name, images }: { home: string; name: string; images: string },
  { trainer }: Services,
): Promise<vscode.Uri> {
  // Images within the folder move with it; others keep their own place.
  const way = wayInto(home, images);
  const data = way === null ? images : `./${way}`;
  const title = `Looking at the images in ${images}`;
  const { code, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_, token) => trainer.command(["new", ".", "--name", name.trim(), "--data", data], { cwd: home, token }),
  );
  if (code !== 0) throw new UserError(stderr.replace(/^error: /, "").trim() || "It could not be written.");
  return vscode.Uri.file(resolve(fileOf(home, name.trim())));
}

/** The text, with the designer beside it. */
async function open(file: vscode.Uri): Promise<void> {
  await vscode.window.showTextDocument(file, { preview: false });
  await executeCommand("maskdm.openDesigner", file);
}

async function offerFolder(home: string): Promise<void> {
  const openFolder = "Open Folder";
  const chosen = await vscode.window.showInformationMessage(
    "Open the experiment's folder to see its runs in the side bar.",
    openFolder,
  );
  if (chosen === openFolder) await vscode.commands.executeCommand("vscode.openFolder", vscode.Uri.file(home));
}
