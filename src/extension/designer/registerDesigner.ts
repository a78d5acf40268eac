/** The mask designer and its commands. */
import * as vscode from "vscode";
import type { Commands } from "../commands/commandTable.ts";
import { showAsText } from "../documents/showAsText.ts";
import { activeFile, chooseFile, EXPERIMENT } from "../runs/chooseFile.ts";
import type { Services } from "../services.ts";
import { DesignerProvider } from "./designerProvider.ts";
import { DESIGNER_VIEW_TYPE } from "./viewType.ts";

/** Steps are addressed by 32 bits. */
const LARGEST_STEP = 2 ** 32 - 1;

/** @returns its commands */
export function registerDesigner(context: vscode.ExtensionContext, services: Services) {
  const provider = new DesignerProvider(context.extensionUri, services);
  context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(DESIGNER_VIEW_TYPE, provider, {
      supportsMultipleEditorsPerDocument: true,
    }),
  );
  return {
    "maskdm.openDesigner": async (given) => {
      const file = await chooseFile(EXPERIMENT, given);
      if (file !== undefined) await provider.open(file);
    },
    "maskdm.reopenAsText": async (given) => {
      const file = given instanceof vscode.Uri ? given : activeFile(EXPERIMENT);
      if (file !== undefined) await showAsText(file, DESIGNER_VIEW_TYPE);
    },
    "maskdm.previewMaskedBatch": async (given, step) => {
      const file = await chooseFile(EXPERIMENT, given);
      if (file === undefined) return;
      const batch = typeof step === "number" ? step : await askStep();
      if (batch !== undefined) await provider.open(file, batch);
    },
  } satisfies Partial<Commands>;
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
