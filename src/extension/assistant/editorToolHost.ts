/** The tools' host in the editor: its workspace, what stands in its editors, its services. */
import * as vscode from "vscode";
import type { ToolHost } from "../../core/assistant/toolHost.ts";
import { fileToolHost } from "../../node/assistant/fileToolHost.ts";
import { isSamePath } from "../../node/pathKey.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { Services } from "../services.ts";
import { RestrictedModeError } from "../trainer/restrictedMode.ts";

export const editorToolHost = ({ runs, trainer }: Pick<Services, "runs" | "trainer">): ToolHost =>
  fileToolHost({
    roots: () =>
      (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => (uri.scheme === "file" ? [uri.fsPath] : [])),
    widen: "The user can add its folder to the workspace.",
    runsDirFor: (file) => runsFolderFor(vscode.Uri.file(file)),
    // It may be another one later, by the settings.
    get program() {
      return trainer.program;
    },
    unsaved: (file) =>
      vscode.workspace.textDocuments
        .find(({ uri, isDirty }) => isDirty && uri.scheme === "file" && isSamePath(uri.fsPath, file))
        ?.getText() ?? null,
    restricted: () => (vscode.workspace.isTrusted ? null : new RestrictedModeError().message),
    async runs() {
      await runs.ready;
      return runs.runs;
    },
    start: ({ file, from, name, ...order }) =>
      trainer.start({
        ...order,
        file: vscode.Uri.file(file),
        ...(from === null ? {} : { from }),
        ...(name === null ? {} : { name }),
      }),
    resume: (dir) => trainer.resume(dir),
    stop: (dir) => trainer.stop(dir),
  });
