/** Asks for the folder of images of a new experiment. */
import * as vscode from "vscode";
import { imageFolders } from "./imageFolders.ts";

interface FolderItem extends vscode.QuickPickItem {
  /** null: to be picked in a dialog */
  readonly path: string | null;
}

/** @returns its absolute path; undefined where the user chose none */
export async function chooseImages(workspace: string | undefined): Promise<string | undefined> {
  if (workspace === undefined) return browse(undefined);
  const picker = vscode.window.createQuickPick<FolderItem>();
  const other: FolderItem = {
    label: "$(folder-opened) Another folder…",
    path: null,
    alwaysShow: true,
  };
  picker.title = TITLE;
  picker.placeholder = "Which folder holds the images?";
  picker.busy = true;
  picker.items = [other];
  void imageFolders(workspace).then((folders) => {
    picker.items = [
      ...folders.map(({ path, label, images }) => ({
        label: `$(folder) ${label === "." ? "this folder" : label}`,
        description: images === 1 ? "1 image" : `${images.toLocaleString()} images`,
        path,
      })),
      other,
    ];
    picker.busy = false;
  });
  const chosen = await new Promise<FolderItem | undefined>((resolve) => {
    picker.onDidAccept(() => resolve(picker.selectedItems[0]));
    picker.onDidHide(() => resolve(undefined));
    picker.show();
  });
  picker.dispose();
  return chosen?.path === null ? browse(workspace) : chosen?.path;
}

export async function browse(start: string | undefined): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: TITLE,
    openLabel: "Use These Images",
    canSelectFiles: false,
    canSelectFolders: true,
    ...(start === undefined ? {} : { defaultUri: vscode.Uri.file(start) }),
  });
  return chosen?.[0]?.fsPath;
}

export const TITLE = "New Experiment";
