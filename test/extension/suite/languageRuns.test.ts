import { deepStrictEqual, ok } from "node:assert/strict";
import * as vscode from "vscode";
import { api, eventually, openExperiment, problemCodes, replaceText } from "./experimentEditor.ts";

const TEXT = `data: { path: images, image_size: 32 }
model: { patch_size: 8, embed_dim: 32, depth: 3, num_heads: 2 }
mask: { strategy: patch, rate: 0.5 }
pretrain:
  steps: 30
  batch_size: 8
  sample_every: 0
engine: { threads: 1 }
`;

async function lenses(document: vscode.TextDocument): Promise<string[]> {
  const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    "vscode.executeCodeLensProvider",
    document.uri,
    50,
  );
  return found.map(({ command }) => `${command?.command}: ${command?.title.replace(/^\$\(.*?\) /, "")}`);
}

describe("an experiment beside its runs", function () {
  this.timeout(60_000);
  let document: vscode.TextDocument;

  before(async () => {
    ({ document } = await openExperiment("lenses.maskdm.yaml", TEXT));
  });
  after(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("has a lens that tells how the last run stands, and one to resume it", async () => {
    const { runs, trainer } = (await api()).services;
    await runs.ready;
    const dir = await trainer.start({ file: document.uri, stage: "pretrain" });
    await eventually(
      () => lenses(document),
      (found) => found.some((lens) => /^maskdm\.openRun: \S+-lenses-pretrain-01: finished$/.test(lens)),
      40_000,
    );
    ok(!(await lenses(document)).some((lens) => lens.startsWith("maskdm.resume")));
    const second = await trainer.start({
      file: document.uri,
      stage: "pretrain",
      set: [{ path: "pretrain.steps", value: "100000" }],
    });
    await eventually(
      () => runs.get(second)?.state,
      (state) => state === "running",
      40_000,
    );
    ok((await lenses(document)).some((lens) => /-02: running \d+ %$/.test(lens)));
    await trainer.stop(second);
    await eventually(
      () => lenses(document),
      (found) => found.some((lens) => lens === "maskdm.resume: Resume"),
      40_000,
    );
    ok(dir !== second);
  });

  it("completes finetune.from by the runs that are there, and compares with what they were trained with", async () => {
    const editor = await vscode.window.showTextDocument(document);
    await replaceText(editor, "engine:", "finetune:\n  batch_size: 8\n  from: \nengine:");
    const at = document.positionAt(document.getText().indexOf("from: ") + 6);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      "vscode.executeCompletionItemProvider",
      document.uri,
      at,
    );
    const names = list.items
      .filter(({ kind }) => kind === vscode.CompletionItemKind.Reference)
      .map(({ label }) => (typeof label === "string" ? label : label.label))
      .filter((name) => name.includes("lenses"));
    deepStrictEqual(
      names.map((name) => name.slice(-2)),
      ["02", "01"],
    );
    await editor.edit((edit) => edit.insert(at, names[1]!));
    await replaceText(editor, "patch_size: 8", "patch_size: 4");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM802"),
    );
  });

  it("shows time per step and in all once this machine was measured", async () => {
    const { calibration } = (await api()).services;
    await document.save();
    const editor = await vscode.window.showTextDocument(document);
    await replaceText(editor, "patch_size: 4", "patch_size: 8");
    await document.save();
    await calibration.measure(document.uri);
    const found = await eventually(
      () =>
        vscode.commands.executeCommand<vscode.InlayHint[]>(
          "vscode.executeInlayHintProvider",
          document.uri,
          new vscode.Range(0, 0, document.lineCount, 0),
        ),
      (hints) => hints.some(({ label }) => String(label).includes("a step")),
    );
    const hint = found.find(({ label }) => String(label).includes("a step"));
    ok(/^[\d.]+ (ms|s) a step, \d+s$/.test(String(hint?.label)), String(hint?.label));
    deepStrictEqual(document.lineAt(hint!.position.line).text, "  steps: 30");
  });
});
