import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as vscode from "vscode";
import { slowness } from "../../support/slowness.ts";
import { api, eventually, openExperiment, problemCodes, replaceText, workspacePath } from "./experimentEditor.ts";

const SOUND = `data:
  path: images
  image_size: 32
model:
  patch_size: 4
  embed_dim: 48
  depth: 3
  num_heads: 2
mask:
  rate: 0.75
  block_size: 2
pretrain:
  steps: 2000
  batch_size: 8
  clip_grad: 1
  warmup_steps: 100
finetune:
  batch_size: 8
`;

const applyFix = async (document: vscode.TextDocument, title: string, at: vscode.Range, kind?: string) => {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    document.uri,
    at,
    kind,
  );
  const action = actions.find((candidate) => candidate.title === title);
  ok(action?.edit, `${title} is not among ${actions.map((candidate) => candidate.title).join(", ")}`);
  ok(await vscode.workspace.applyEdit(action.edit));
  return action;
};

describe("problems of an experiment", () => {
  afterEach(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  it("appear as you type, say where, and vanish when they are mended", async () => {
    const editor = await openExperiment("typing.maskdm.yaml", SOUND);
    const { uri, languageId } = editor.document;
    strictEqual(languageId, "maskdm-yaml");
    await replaceText(editor, "block_size: 2", "block_size: 5");
    await eventually(
      () => problemCodes(uri),
      (codes) => codes.includes("MDM301"),
    );
    const problem = vscode.languages.getDiagnostics(uri).find(({ message }) => message.includes("block_size 5"));
    ok(problem);
    strictEqual(problem.severity, vscode.DiagnosticSeverity.Error);
    strictEqual(editor.document.getText(problem.range), "5");
    strictEqual(problem.source, "MaskDM");
    ok(typeof problem.code === "object" && problem.code.target.scheme === "command");
    await replaceText(editor, "block_size: 5", "block_size: 2");
    await eventually(
      () => problemCodes(uri),
      (codes) => !codes.includes("MDM301"),
    );
  });

  it("are those of a text that is not saved", async () => {
    const document = await vscode.workspace.openTextDocument({ language: "maskdm-yaml", content: "data: [\n" });
    await vscode.window.showTextDocument(document);
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM001"),
    );
  });

  it("go away when the document becomes one of another language", async () => {
    const { document } = await openExperiment("gone.maskdm.yaml", "data:\n");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.length > 0,
    );
    await vscode.languages.setTextDocumentLanguage(document, "plaintext");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.length === 0,
    );
  });

  it("have quick fixes, the obvious one preferred", async () => {
    const editor = await openExperiment("fix.maskdm.yaml", SOUND.replace("embed_dim", "embd_dim"));
    const { document } = editor;
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM010"),
    );
    const problem = vscode.languages.getDiagnostics(document.uri)[0];
    ok(problem);
    const action = await applyFix(document, "Rename to embed_dim", problem.range);
    strictEqual(action.isPreferred, true);
    strictEqual(document.getText(), SOUND);
    await eventually(
      () => problemCodes(document.uri),
      (codes) => !codes.includes("MDM010"),
    );
  });

  it("are fixed all at once, from the light bulb and on saving", async () => {
    const broken = SOUND.replace("embed_dim", "embd_dim")
      .replace("rate: 0.75", "rate: 75")
      .replace("steps: 2000", "steps: 2k");
    const editor = await openExperiment("all.maskdm.yaml", broken);
    const { document } = editor;
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM013"),
    );
    const problem = vscode.languages.getDiagnostics(document.uri).find(({ message }) => message.includes("mask.rate"));
    ok(problem);
    await applyFix(document, "Fix all MaskDM problems", problem.range);
    strictEqual(document.getText(), SOUND);
    await editor.edit((edit) => edit.replace(new vscode.Range(0, 0, document.lineCount, 0), broken));
    await applyFix(document, "Fix all MaskDM problems", new vscode.Range(0, 0, 0, 0), "source.fixAll.maskdm");
    strictEqual(document.getText(), SOUND);
  });

  it("take notice of images that come and go, without a change of the text", async () => {
    const { document } = await openExperiment("images.maskdm.yaml", SOUND.replace("path: images", "path: later"));
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM101"),
    );
    mkdirSync(workspacePath("later"));
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM102") && !codes.includes("MDM101"),
    );
    for (let i = 0; i < 8; i++) writeFileSync(workspacePath("later", `${i}.png`), "");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => !codes.includes("MDM102"),
    );
    rmSync(workspacePath("later"), { recursive: true });
  });

  it("of a version are found once: all features get the same reading", async () => {
    const { document } = await openExperiment("once.maskdm.yaml", SOUND);
    const { documents } = (await api()).services;
    const first = await documents.get(document);
    const again = await eventually(
      async () => [await documents.get(document), await documents.get(document)],
      ([a, b]) => a === b,
    );
    strictEqual(again[0]?.document, first.document);
  });

  it("of a file of 200 lines are found in less than 10 ms", async () => {
    const comment = "# What a note on the experiment looks like, of about the length that people write.\n";
    const lines = SOUND.trimEnd().split("\n").length;
    const editor = await openExperiment("long.maskdm.yaml", SOUND + comment.repeat(200 - lines));
    const { document } = editor;
    strictEqual(document.getText().trimEnd().split("\n").length, 200);
    const { documents } = (await api()).services;
    await documents.get(document);
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      await replaceText(editor, `steps: ${2000 + i}`, `steps: ${2001 + i}`);
      const started = performance.now();
      const { version, experiment } = await documents.get(document);
      times.push(performance.now() - started);
      deepStrictEqual([version, experiment?.pretrain.steps], [document.version, 2001 + i]);
    }
    times.sort((a, b) => a - b);
    console.log(`    lint of 200 lines in the extension host: median ${times[15]?.toFixed(2)} ms`);
    ok(times[15]! < 10 * slowness(), `median ${times[15]} ms`);
  });
});
