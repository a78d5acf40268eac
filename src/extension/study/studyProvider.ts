/** The custom editor "Study" for study files. */
import * as vscode from "vscode";
import type { Services } from "../services.ts";
import type { StudySession } from "./studySession.ts";
import { STUDY_VIEW_TYPE } from "./viewType.ts";

export class StudyProvider implements vscode.CustomTextEditorProvider {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly services: Services,
  ) {}

  async resolveCustomTextEditor(document: vscode.TextDocument, panel: vscode.WebviewPanel): Promise<void> {
    const module = await import("./studySession.ts");
    const session: StudySession = new module.StudySession(this.extensionUri, document, panel, this.services);
    panel.onDidDispose(() => session.dispose());
  }

  /** Opens the editor beside the text, or shows the one that is open. */
  async open(uri: vscode.Uri): Promise<void> {
    const isShownAsText = vscode.window.activeTextEditor?.document.uri.toString() === uri.toString();
    const column = isShownAsText ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    await vscode.commands.executeCommand("vscode.openWith", uri, STUDY_VIEW_TYPE, column);
  }
}
