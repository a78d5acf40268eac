/** The custom editor "Mask Designer" for experiment files. */
import * as vscode from "vscode";
import type { Services } from "../services.ts";
import type { DesignerSession } from "./designerSession.ts";
import { DESIGNER_VIEW_TYPE } from "./viewType.ts";

export class DesignerProvider implements vscode.CustomTextEditorProvider {
  /** those that are open; the one used last comes last */
  private readonly sessions: DesignerSession[] = [];
  /** batches that designers about to open are to show, by document */
  private readonly wanted = new Map<string, number>();

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly services: Services,
  ) {}

  async resolveCustomTextEditor(document: vscode.TextDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { DesignerSession } = await import("./designerSession.ts");
    const session = new DesignerSession(this.extensionUri, document, panel, this.services);
    this.sessions.push(session);
    panel.onDidDispose(() => {
      this.sessions.splice(this.sessions.indexOf(session), 1);
      session.dispose();
    });
    panel.onDidChangeViewState(() => {
      if (!panel.active) return;
      this.sessions.splice(this.sessions.indexOf(session), 1);
      this.sessions.push(session);
    });
    const key = document.uri.toString();
    const step = this.wanted.get(key);
    this.wanted.delete(key);
    if (step !== undefined) session.show(step);
  }

  /** Opens the designer beside the text, or shows the one that is open. */
  async open(uri: vscode.Uri, step?: number): Promise<void> {
    const open = this.sessions.findLast((session) => session.uri.toString() === uri.toString());
    if (open !== undefined && step !== undefined) {
      open.show(step);
      return;
    }
    if (step !== undefined) this.wanted.set(uri.toString(), step);
    const isShownAsText = vscode.window.activeTextEditor?.document.uri.toString() === uri.toString();
    const column = isShownAsText ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    await vscode.commands.executeCommand("vscode.openWith", uri, DESIGNER_VIEW_TYPE, column);
  }
}
