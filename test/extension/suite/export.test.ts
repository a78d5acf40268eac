import { equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import type { HowToExport } from "../../../src/extension/runs/exportRun.ts";
import { extension } from "./manifestFacts.ts";

describe("exporting a run", function () {
  this.timeout(60_000);
  let api: ExtensionApi;
  let dir: string;
  let file: string;
  let folder: string;
  before(async () => {
    api = (await extension().activate()) as ExtensionApi;
    const root = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
    folder = mkdtempSync(join(tmpdir(), "maskdm-export-"));
    file = join(root, "exported.maskdm.yaml");
    dir = join(root, "runs", "exported");
    writeFileSync(
      file,
      `data: { path: images, image_size: 8 }
model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 }
mask: { strategy: patch, rate: 0.5 }
pretrain: { steps: 2, batch_size: 4, sample_every: 0 }
engine: { threads: 1 }
`,
    );
    const { trainer, runs } = api.services;
    const { code, stderr } = await trainer.command(["pretrain", file, "--run", "exported"], { cwd: root });
    equal(code, 0, stderr);
    await runs.refresh();
    ok(runs.get(dir) !== undefined);
  });
  after(() => {
    for (const path of [file, dir, folder]) rmSync(path, { recursive: true, force: true });
  });
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  const exported = (kind: HowToExport["kind"], where = folder) =>
    vscode.commands.executeCommand<string>("maskdm.exportRun", dir, { kind, folder: where } satisfies HowToExport);
  const shown = (): string => vscode.window.activeTextEditor?.document.uri.fsPath ?? "";

  it("opens the table that it wrote", async () => {
    const path = await exported("csv");
    equal(path, join(folder, "exported.csv"));
    equal(shown(), path);
    match(vscode.window.activeTextEditor!.document.getText(), /^run,label,step,.*\nexported,exported,/);
  });

  it("writes networks with what explains them, and event files", async () => {
    for (const kind of ["pytorch", "diffusers"] as const) {
      const path = await exported(kind);
      equal(path, join(folder, `exported-${kind}`));
      equal(shown(), join(path, "README.md"));
    }
    ok(existsSync(join(folder, "exported-pytorch", "model.py")));
    const log = await exported("tensorboard");
    equal(basename(log), "tensorboard");
    match(readdirSync(join(log, "exported"))[0]!, /^events\.out\.tfevents\./);
  });

  it("says what the command line says where it cannot be done", async () => {
    const taken = join(folder, "taken");
    mkdirSync(join(taken, "exported-pytorch"), { recursive: true });
    writeFileSync(join(taken, "exported-pytorch", "notes.txt"), "mine");
    const { exportRun } = await import("../../../src/extension/runs/exportRun.ts");
    const { runs, trainer } = api.services;
    await rejects(exportRun(runs.get(dir)!, trainer, { kind: "pytorch", folder: taken }), {
      name: "UserError",
      message: /holds files that are of no export, and is left as it is/,
    });
  });
});
