/** The command that opens the 2-D picture of the method; there is one panel of it. */
import * as vscode from "vscode";
import type { Commands } from "../commands/commandTable.ts";
import type { Services } from "../services.ts";
import type { ToyPanel } from "./toyPanel.ts";

const TOY_VIEW = "maskdm.toy";

/** @returns its command */
export function registerToy(context: vscode.ExtensionContext, services: Services) {
  let panel: ToyPanel | null = null;
  const fill = async (webviewPanel: vscode.WebviewPanel): Promise<void> => {
    const { ToyPanel } = await import("./toyPanel.ts");
    panel = new ToyPanel(webviewPanel, context.extensionUri, services);
    webviewPanel.onDidDispose(() => {
      panel = null;
    });
  };
  context.subscriptions.push(
    { dispose: () => panel?.dispose() },
    vscode.window.registerWebviewPanelSerializer(TOY_VIEW, { deserializeWebviewPanel: fill }),
  );
  return {
    "maskdm.openToy": async () => {
      if (panel !== null) panel.panel.reveal();
      else await fill(vscode.window.createWebviewPanel(TOY_VIEW, "Primer in 2-D", vscode.ViewColumn.Active));
    },
  } satisfies Partial<Commands>;
}
