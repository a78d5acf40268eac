import { equal } from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import { extension } from "./manifestFacts.ts";

export interface TrainedRun {
  readonly api: ExtensionApi;
  /** the run's folder, which the explorer knows */
  readonly dir: string;
  /** Removes it, and its experiment file. */
  remove(): void;
}

/** Trains a run of two steps in the workspace. @param more keys of its experiment, as YAML */
export async function trainedRun(name: string, more = ""): Promise<TrainedRun> {
  const api = (await extension().activate()) as ExtensionApi;
  const root = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
  const file = join(root, `${name}.maskdm.yaml`);
  const dir = join(root, "runs", name);
  writeFileSync(
    file,
    `data: { path: images, image_size: 8 }
model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 }
mask: { strategy: patch, rate: 0.5 }
pretrain: { steps: 2, batch_size: 4, sample_every: 0 }
engine: { threads: 1 }
${more}
`,
  );
  const { trainer, runs } = api.services;
  const { code, stderr } = await trainer.command(["pretrain", file, "--run", name], { cwd: root });
  equal(code, 0, stderr);
  await runs.refresh();
  equal(runs.get(dir)?.id, name);
  const remove = (): void => {
    for (const path of [file, dir]) rmSync(path, { recursive: true, force: true });
  };
  return { api, dir, remove };
}
