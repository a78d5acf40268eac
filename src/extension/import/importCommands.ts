/** MaskDM: Import: files of the method's published code, U-ViT or DiT become an experiment, and of weights a run. */
import * as vscode from "vscode";
import type { Commands } from "../commands/commandTable.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";

export function importCommands(services: Pick<Services, "trainer" | "runs">) {
  return {
    "maskdm.import": async (given) => {
      requireTrust();
      const files = isFiles(given) ? given : await chooseFiles();
      if (files === undefined || files.length === 0) return;
      const { importFiles } = await import("./importFiles.ts");
      await importFiles(files, services);
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
