/** A run that PyTorch trains, from the editor's command to the charts: another program writes it, and the explorer shows it as any run. */
import { deepEqual, equal, match } from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import { runTooltip } from "../../../src/extension/runs/runText.ts";
import { readQueue } from "../../../src/node/run/queue.ts";
import { findPython, TORCH_MODULES } from "../../python/findPython.ts";
import { extension } from "./manifestFacts.ts";

const STEPS = 12;
const EXPERIMENT = `data: { path: images, image_size: 32 }
model: { patch_size: 8, embed_dim: 32, depth: 3, num_heads: 2 }
mask: { strategy: patch, rate: 0.5 }
pretrain: { steps: ${STEPS}, batch_size: 8, checkpoint_every: ${STEPS}, sample_every: 0, log_every: 1 }
engine: { backend: torch, threads: 1 }
`;

describe("a run by PyTorch", function () {
  this.timeout(300_000);
  const root = (): string => vscode.workspace.workspaceFolders![0]!.uri.fsPath;
  const file = (): vscode.Uri => vscode.Uri.file(join(root(), "torch-test.maskdm.yaml"));
  const settings = () => vscode.workspace.getConfiguration("maskdm");
  let api: ExtensionApi;

  before(async () => {
    api = (await extension().activate()) as ExtensionApi;
    await api.services.runs.ready;
    writeFileSync(file().fsPath, EXPERIMENT);
  });
  after(async () => {
    rmSync(file().fsPath, { force: true });
    await settings().update("python", undefined, vscode.ConfigurationTarget.Workspace);
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  });

  const until = async (what: string, holds: () => boolean, seconds = 60): Promise<void> => {
    for (const end = Date.now() + 1000 * seconds; !holds(); await sleep(50)) {
      if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`);
    }
  };
  const launched = async (): Promise<string> => vscode.commands.executeCommand<string>("maskdm.pretrain", file());

  it("that cannot begin says in the explorer what to do, and may be tried again", async () => {
    await settings().update("python", join(root(), "no-python"), vscode.ConfigurationTarget.Workspace);
    const dir = await launched();
    await until("its failure", () => api.services.runs.get(dir)?.launchFailed === true);
    const { reason } = api.services.runs.get(dir)!;
    match(reason ?? "", /engine\.backend: torch cannot be used: .*no-python.*--install-torch/);
    await vscode.commands.executeCommand("maskdm.stop", dir);
    await until("its removal", () => readQueue(join(root(), "runs")).length === 0);
  });

  it("finishes in the explorer, and its steps are in the charts", async function () {
    const python = findPython([...TORCH_MODULES, "yaml", "PIL"]);
    if (!python.found) {
      console.warn(`skipped: ${python.reason}`);
      return this.skip();
    }
    await settings().update("python", python.command, vscode.ConfigurationTarget.Workspace);
    const dir = await launched();
    const steps: number[] = [];
    const tail = api.services.runs.tailMetrics(dir, (parts) => {
      for (const part of parts) steps.push(part.length);
    });
    await until("its end", () => ["finished", "failed"].includes(api.services.runs.get(dir)?.state ?? ""), 240);
    const entry = api.services.runs.get(dir)!;
    equal(entry.state, "finished", entry.status?.message ?? entry.reason ?? "");
    equal(entry.record?.backend, "torch");
    deepEqual([entry.status?.step, entry.status?.totalSteps], [STEPS, STEPS]);
    match(runTooltip(entry).value, /torch/);
    await until("its lines", () => steps.reduce((sum, count) => sum + count, 0) >= STEPS);
    tail.dispose();
    await vscode.commands.executeCommand("maskdm.openRun", dir);
    deepEqual(
      api.dashboard.panels.map(({ dirs }) => dirs),
      [[dir]],
    );
    await until("the empty queue", () => readQueue(join(root(), "runs")).length === 0);
  });
});
