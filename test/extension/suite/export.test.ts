import { equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import type { HowToExport } from "../../../src/extension/runs/exportRun.ts";
import { type TrainedRun, trainedRun } from "./trainedRun.ts";

describe("exporting a run", function () {
  this.timeout(60_000);
  let run: TrainedRun;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "maskdm-export-"));
    run = await trainedRun("exported");
  });
  after(() => {
    run.remove();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  const exported = (kind: HowToExport["kind"], where = folder) =>
    vscode.commands.executeCommand<string>("maskdm.exportRun", run.dir, { kind, folder: where } satisfies HowToExport);
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
    const { runs, trainer } = run.api.services;
    await rejects(exportRun(runs.get(run.dir)!, trainer, { kind: "pytorch", folder: taken }), {
      name: "UserError",
      message: /holds files that are of no export, and is left as it is/,
    });
  });
});
