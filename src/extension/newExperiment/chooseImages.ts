/** Asks for the folder or archive of images of a new experiment. */
import * as vscode from "vscode";
import { ARCHIVE_EXTENSIONS } from "../../core/images/archiveNames.ts";
import { imagePlaces } from "./imagePlaces.ts";

/** What is picked in a dialog: the systems' dialogs show either. */
type Browsed = "folder" | "archive";

interface PlaceItem extends vscode.QuickPickItem {
  readonly place: { readonly path: string } | Browsed;
}

/** @returns its absolute path; undefined where the user chose none */
export async function chooseImages(workspace: string | undefined): Promise<string | undefined> {
  const picker = vscode.window.createQuickPick<PlaceItem>();
  const others: PlaceItem[] = [
    { label: "$(folder-opened) Another folder…", place: "folder", alwaysShow: true },
    { label: "$(file-zip) Another archive (.zip, .tar, .parquet)…", place: "archive", alwaysShow: true },
  ];
  picker.title = TITLE;
  picker.placeholder = "Which folder or archive holds the images?";
  picker.items = others;
  if (workspace !== undefined) {
    picker.busy = true;
    void imagePlaces(workspace).then((places) => {
      picker.items = [
        ...places.map(({ path, label, images, isArchive }) => ({
          label: `$(${isArchive ? "file-zip" : "folder"}) ${label === "." ? "this folder" : label}`,
          description: images === 1 ? "1 image" : `${images.toLocaleString()} images`,
          place: { path },
        })),
        ...others,
      ];
      picker.busy = false;
    });
  }
  const chosen = await new Promise<PlaceItem | undefined>((resolve) => {
    picker.onDidAccept(() => resolve(picker.selectedItems[0]));
    picker.onDidHide(() => resolve(undefined));
    picker.show();
  });
  picker.dispose();
  if (chosen === undefined) return undefined;
  return typeof chosen.place === "string" ? browse(chosen.place, workspace) : chosen.place.path;
}

async function browse(what: Browsed, start: string | undefined): Promise<string | undefined> {
  const isArchive = what === "archive";
  const chosen = await vscode.window.showOpenDialog({
    title: TITLE,
    openLabel: "Use These Images",
    canSelectFiles: isArchive,
    canSelectFolders: !isArchive,
    ...(isArchive ? { filters: { "Archives of images": [...ARCHIVE_EXTENSIONS] } } : {}),
    ...(start === undefined ? {} : { defaultUri: vscode.Uri.file(start) }),
  });
  return chosen?.[0]?.fsPath;
}

export const TITLE = "New Experiment";
