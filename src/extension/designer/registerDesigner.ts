/** The mask designer and its commands. */
import * as vscode from "vscode";
import type { Services } from "../services.ts";
import { activeExperiment, chooseExperiment } from "./chooseExperiment.ts";
import { DesignerProvider } from "./designerProvider.ts";
import { showAsText } from "./showAsText.ts";
import { DESIGNER_VIEW_TYPE } from "./viewType.ts";

/** Steps are addressed by 32 bits. */
const LARGEST_STEP = 2 ** 32 - 1;

export function registerDesigner(context: vscode.ExtensionContext, services: Services): void {
  const provider = new DesignerProvider(context.extensionUri, services);
  context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(DESIGNER_VIEW_TYPE, provider, {
      supportsMultipleEditorsPerDocument: true,
    }),
    vscode.commands.registerCommand("maskdm.openDesigner", async (uri?: vscode.Uri) => {
      const file = uri ?? (await chooseExperiment());
      if (file !== undefined) await provider.open(file);
    }),
    vscode.commands.registerCommand("maskdm.reopenAsText", async (uri?: vscode.Uri) => {
      const file = uri ?? activeExperiment();
      if (file !== undefined) await showAsText(file);
    }),
    vscode.commands.registerCommand("maskdm.previewMaskedBatch", async (uri?: vscode.Uri, step?: number) => {
      const file = uri ?? (await chooseExperiment());
      if (file === undefined) return;
      const batch = step ?? (await askStep());
      if (batch !== undefined) await provider.open(file, batch);
    }),
  );
}

async function askStep(): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Preview a masked batch",
    prompt: "Step whose batch is shown, counted from 0",
    value: "0",
    validateInput: (value) =>
      parseStep(value) === null ? `A whole number from 0 to ${LARGEST_STEP} is needed.` : null,
  });
  return text === undefined ? undefined : (parseStep(text) ?? undefined);
}

function parseStep(text: string): number | null {
  const step = Number(text);
  return /^\d+$/.test(text.trim()) && step <= LARGEST_STEP ? step : null;
}
