import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdirSync } from "node:fs";
import * as vscode from "vscode";
import {
  api,
  behind,
  completions,
  eventually,
  hints,
  hoverText,
  labelOf,
  openExperiment,
  problemCodes,
  replaceText,
  workspacePath,
} from "./experimentEditor.ts";

const TEXT = `data:
  path: images
  image_size: 32
model:
  patch_size: 4
  embed_dim: 48
  depth: 3
  num_heads: 2
mask:
  rate: 0.8
  block_size: 2
pretrain:
  steps: 2000 # short
  batch_size: 8
`;

describe("the editor of an experiment", () => {
  let editor: vscode.TextEditor;
  let document: vscode.TextDocument;
  let count = 0;

  beforeEach(async () => {
    editor = await openExperiment(`features${count++}.maskdm.yaml`, TEXT);
    document = editor.document;
    // The features are loaded with the first document.
    await eventually(
      () => hoverText(document, new vscode.Position(9, 3)),
      (text) => text !== "",
    );
  });

  afterEach(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  it("completes sections and keys that are not there yet, with their documentation", async () => {
    await editor.edit((edit) => edit.insert(new vscode.Position(11, 0), "  \n"));
    const keys = await completions(document, new vscode.Position(11, 2));
    deepStrictEqual(keys.map(labelOf).sort(), [
      "cell_size",
      "crop_size",
      "fuse_blocks",
      "mode",
      "route_from",
      "strategy",
    ]);
    const strategy = keys.find((item) => labelOf(item) === "strategy");
    ok(strategy?.documentation instanceof vscode.MarkdownString);
    ok(strategy.documentation.value.includes("What pretraining hides."));
    const sections = await completions(document, new vscode.Position(document.lineCount - 1, 0));
    deepStrictEqual(sections.map(labelOf).sort(), ["compute", "diffusion", "engine", "finetune", "sample", "seed"]);
  });

  it("completes values: those allowed, and those that fit", async () => {
    await replaceText(editor, "block_size: 2", "block_size: 2\n  strategy: ");
    const values = await completions(document, behind(document, "strategy: "));
    deepStrictEqual(values.map(labelOf).sort(), ["block", "crop", "none", "patch", "stratified"]);
    await replaceText(editor, "block_size: 2", "block_size: ");
    const blocks = await completions(document, behind(document, "block_size: "));
    deepStrictEqual(blocks.map(labelOf), ["1", "2", "4"]);
  });

  it("writes a key with its value from one completion", async () => {
    await editor.edit((edit) => edit.insert(new vscode.Position(14, 0), "  lr_sch"));
    const position = behind(document, "  lr_sch");
    editor.selection = new vscode.Selection(position, position);
    const item = (await completions(document, position)).find((candidate) => labelOf(candidate) === "lr_schedule");
    ok(item?.insertText instanceof vscode.SnippetString && item.range instanceof vscode.Range);
    await editor.insertSnippet(item.insertText, item.range);
    ok(document.getText().endsWith("\n  lr_schedule: "));
  });

  it("completes folders for data.path", async () => {
    mkdirSync(workspacePath("pictures", "cats"), { recursive: true });
    await replaceText(editor, "path: images", "path: ");
    const folders = await completions(document, behind(document, "path: "));
    ok(folders.map(labelOf).includes("pictures"));
    await replaceText(editor, "path: ", "path: ./pictures/");
    const inner = await completions(document, behind(document, "path: ./pictures/"));
    deepStrictEqual(inner.map(labelOf), ["cats"]);
    strictEqual(inner[0]?.insertText, "cats");
  });

  it("says on hover what a key is, its unit, default, cost and equation, and what it comes to here", async () => {
    const text = await hoverText(document, behind(document, "  ra"));
    for (const part of [
      "Asked share m of hidden tokens.",
      "`0.9`",
      "share of the N tokens",
      "m = 1 - S/N",
      "visible tokens only",
      "S = 16 of N = 64 tokens are visible: an effective rate of 0.75.",
      "command:maskdm.explain",
    ])
      ok(text.includes(part), `${part} is not in ${text}`);
    ok((await hoverText(document, new vscode.Position(8, 1))).includes("Masking during pretraining"));
    ok((await hoverText(document, behind(document, "path: i"))).includes("24 images found there."));
    strictEqual(await hoverText(document, behind(document, "# sh")), "");
  });

  it("shows behind values what they come to, and nothing where it is not known", async () => {
    const { services } = await api();
    const { experiment } = await services.documents.get(document);
    // Time is told once the machine was measured, which another suite may have done.
    const isMeasured =
      experiment !== null && services.calibration.forecast({ experiment, stage: "pretrain" })?.time != null;
    const shown = await hints(document);
    strictEqual(
      shown.some((hint) => /^steps: .* a step, /.test(hint)),
      isMeasured,
    );
    const ofTheMask = shown.filter((hint) => !hint.startsWith("steps: "));
    deepStrictEqual(ofTheMask, [
      "patch_size: 8 × 8 grid, N = 64 tokens",
      "rate: → 0.75, S = 16 of 64 tokens",
      ...ofTheMask.filter((hint) => hint.startsWith("batch_size: ≈ ")),
    ]);
    await replaceText(editor, "rate: 0.8", "rate: 0.75");
    ok((await hints(document)).includes("rate: S = 16 of 64 tokens"));
    const pieces = "rate:\n    - {until: 0.5, rate: 0.75} # first\n    - until: 1500\n      rate: 0.5\n    - {rate: 0}";
    await replaceText(editor, "rate: 0.75", pieces);
    deepStrictEqual(
      (await hints(document)).filter((hint) => hint.includes("S = ")).map((hint) => hint.replace(/^.*: /, "")),
      ["S = 16 of 64 tokens", "S = 32 of 64 tokens", "S = 64 of 64 tokens"],
    );
    const hovered = await hoverText(document, behind(document, "    - until: 15"));
    ok(hovered.includes("mask.rate[1], steps 1000 to 1499: S = 32 of N = 64 tokens are visible"), hovered);
    await replaceText(editor, pieces, "rate: 0.75");
    await replaceText(editor, "patch_size: 4", "patch_size: 5");
    deepStrictEqual(await hints(document), []);
    await replaceText(editor, "patch_size: 5", "patch_size: four");
    deepStrictEqual(await hints(document), []);
  });

  it("keeps hints and lenses in their places while a line is being typed that does not parse yet", async () => {
    const before = await hints(document);
    ok(before.length > 1);
    await replaceText(editor, "  rate: 0.8", "  cro\n  rate: 0.8");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM001"),
    );
    deepStrictEqual(await hints(document), before);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      "vscode.executeCodeLensProvider",
      document.uri,
    );
    ok(lenses.some(({ range }) => document.lineAt(range.start.line).text === "mask:"));
    ok(lenses.some(({ range }) => document.lineAt(range.start.line).text === "pretrain:"));
  });

  it("shows lenses above the stages and the mask", async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      "vscode.executeCodeLensProvider",
      document.uri,
      50,
    );
    const wanted = [
      ["maskdm.openDesigner", 8],
      ["maskdm.finetune", 8],
      ["maskdm.pretrain", 11],
    ];
    const found = lenses.map(({ command, range }) => [command?.command, range.start.line]);
    deepStrictEqual(found.sort(), wanted.sort());
    for (const { command } of lenses) strictEqual(String(command?.arguments?.[0]), String(document.uri));
  });

  it("has an outline of sections and keys", async () => {
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      "vscode.executeDocumentSymbolProvider",
      document.uri,
    );
    deepStrictEqual(
      symbols.map(({ name, children }) => `${name}: ${children.map((child) => child.name).join(" ")}`),
      [
        "data: path image_size",
        "model: patch_size embed_dim depth num_heads",
        "mask: rate block_size",
        "pretrain: steps batch_size",
      ],
    );
    const steps = symbols[3]?.children[0];
    strictEqual(steps?.detail, "2000");
    strictEqual(document.getText(steps.range), "steps: 2000");
  });

  it("links data.path to its folder", async () => {
    const links = await eventually(
      () => vscode.commands.executeCommand<vscode.DocumentLink[]>("vscode.executeLinkProvider", document.uri),
      (found) => found.length > 0,
    );
    strictEqual(document.getText(links[0]?.range), "images");
    strictEqual(links[0]?.target?.path, "revealInExplorer");
  });

  it("explains rules and keys on pages of their own", async () => {
    for (const [topic, words] of [
      ["MDM301", "block-divides-grid"],
      ["MDM010", "unknown-key"],
      ["mask.rate", "m = 1 - S/N"],
      ["mask", "mask.block_size"],
    ]) {
      const page = await vscode.workspace.openTextDocument(
        vscode.Uri.from({ scheme: "maskdm-reference", path: `/${topic}.md` }),
      );
      ok(page.getText().includes(words ?? ""), page.getText());
    }
    await vscode.commands.executeCommand("maskdm.explain", "MDM301");
    await eventually(
      () => vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? "",
      // Rendered, not as text.
      (label) => label.includes("Preview MDM301"),
    );
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
  });

  it("forgets nothing when texts come and go quickly", async () => {
    for (let i = 0; i < 20; i++) {
      await replaceText(editor, i % 2 === 0 ? "rate: 0.8" : "rat: 0.8", i % 2 === 0 ? "rat: 0.8" : "rate: 0.8");
    }
    await replaceText(editor, "rate: 0.8", "rat: 0.8");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM010"),
    );
  });
});
