import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import * as vscode from "vscode";
import {
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

const BASE = `data:
  path: images
  image_size: 32
model: {patch_size: 4, embed_dim: 48, depth: 3, num_heads: 2}
mask: {strategy: block, block_size: 4, rate: 0.75}
pretrain: {steps: 200, batch_size: 8}
finetune: {steps: 100, batch_size: 4}
`;
const STUDY = `base: varied.maskdm.yaml
axes:
  mask.rate: [0.75, 0.8, 0.5]
  how:
    - {mask.strategy: patch}
    - {mask.strategy: block}
seeds: 3
evaluate: {samples: 50}
`;

describe("the editor of a study", () => {
  let editor: vscode.TextEditor;
  let document: vscode.TextDocument;
  let count = 0;

  before(async () => {
    await vscode.workspace.fs.writeFile(
      vscode.Uri.file(workspacePath("varied.maskdm.yaml")),
      new TextEncoder().encode(BASE),
    );
  });

  beforeEach(async () => {
    editor = await openExperiment(`rates${count++}.maskstudy.yaml`, STUDY);
    document = editor.document;
    // The features are loaded with the first document, and the base is read behind it.
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM914"),
    );
  });

  afterEach(() => vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor"));

  it("is a language of its own, whose problems are those of maskdm lint", async () => {
    strictEqual(document.languageId, "maskdm-study-yaml");
    const coincide = vscode.languages.getDiagnostics(document.uri).find(({ message }) => message.includes("S = "));
    // With block 4 alone they do; patch tells 0.75 from 0.8.
    strictEqual(coincide, undefined);
    await replaceText(editor, "    - {mask.strategy: patch}\n", "");
    await eventually(
      () => vscode.languages.getDiagnostics(document.uri).map(({ message }) => message),
      (messages) => messages.includes("rate 0.75 and 0.8 both show S = 16 of 64 tokens: trained once."),
    );
  });

  it("follows the base", async () => {
    await replaceText(editor, "varied.maskdm.yaml", "nowhere.maskdm.yaml");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM900"),
    );
    const links = () =>
      vscode.commands.executeCommand<vscode.DocumentLink[]>("vscode.executeLinkProvider", document.uri);
    deepStrictEqual(await links(), []);
    await replaceText(editor, "nowhere.maskdm.yaml", "varied.maskdm.yaml");
    const [link] = await eventually(links, (found) => found.length > 0);
    strictEqual(link?.target?.fsPath, workspacePath("varied.maskdm.yaml"));
  });

  it("offers fixes, one by one and all at once", async () => {
    await replaceText(editor, "mask.rate: [0.75, 0.8, 0.5]", "mask.rat: [0.75, 50]");
    await replaceText(editor, "seeds: 3", "seedz: 3");
    await eventually(
      () => problemCodes(document.uri),
      (codes) => codes.includes("MDM902") && codes.includes("MDM010"),
    );
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      new vscode.Range(2, 4, 2, 4),
    );
    deepStrictEqual(
      actions.map(({ title }) => title),
      ["Rename to mask.rate", "Fix all MaskDM problems"],
    );
    const all = actions[1]?.edit;
    ok(all !== undefined);
    await vscode.workspace.applyEdit(all);
    const text = document.getText();
    ok(text.includes("mask.rate: [0.75, 0.5]") && text.includes("seeds: 3"), text);
  });

  it("completes keys of the study, and below axes those of the experiment with values that fit the base", async () => {
    await replaceText(editor, "seeds: 3\n", "seeds: 3\n\n");
    const keys = await completions(document, new vscode.Position(7, 0));
    deepStrictEqual(keys.map(labelOf).sort(), ["budget", "halving", "metric", "on_failure", "set", "stages"]);
    await replaceText(editor, "  how:", "  mod\n  how:");
    const axes = (await completions(document, behind(document, "  mod"))).map(labelOf);
    ok(axes.includes("model.depth") && axes.includes("budget.pretrain"));
    ok(!axes.includes("mask.rate") && !axes.includes("seed"), axes.join());
    await replaceText(editor, "  mod\n", "  mask.block_size: []\n");
    const sizes = await completions(document, behind(document, "mask.block_size: ["));
    deepStrictEqual(sizes.map(labelOf), ["1", "2", "4"]);
    await replaceText(editor, "seeds: 3", "metric: ");
    ok((await completions(document, behind(document, "metric: "))).map(labelOf).includes("held_out_loss"));
    await replaceText(editor, "base: varied.maskdm.yaml", "base: ");
    ok((await completions(document, behind(document, "base: "))).map(labelOf).includes("varied.maskdm.yaml"));
  });

  it("says on hover what a key is, and what its points come to", async () => {
    const rate = await hoverText(document, behind(document, "  mask.ra"));
    for (const part of ["Asked share m of hidden tokens.", "m = 1 - S/N", "0.5: S = 32 of 64 tokens (0.5)"])
      ok(rate.includes(part), `${part} is not in ${rate}`);
    ok((await hoverText(document, behind(document, "    - {mask.str"))).includes("What pretraining hides."));
    ok((await hoverText(document, behind(document, "see"))).includes("6 configurations × 3 seeds = 18 cells"));
    ok((await hoverText(document, behind(document, "evaluate: {sam"))).includes("Images drawn of each cell"));
  });

  it("shows behind the axes how many points and cells there are", async () => {
    deepStrictEqual(await hints(document), [
      "axes: 18 cells, 15 to be computed",
      "mask.rate: 3 points",
      "how: 2 points",
    ]);
  });

  it("has pages on its rules and keys", async () => {
    for (const [topic, words] of [
      ["MDM914", "coinciding-cells"],
      ["halving.keep", "goes on behind each rung"],
    ]) {
      const uri = vscode.Uri.from({ scheme: "maskdm-reference", path: `/${topic}.md` });
      ok((await vscode.workspace.openTextDocument(uri)).getText().includes(words ?? ""));
    }
  });
});

describe("new studies", () => {
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  for (const [command, name, axis] of [
    ["maskdm.newStudy", "fresh", "mask.rate"],
    ["maskdm.newAblation", "fresh-ablation", "mask"],
  ] as const) {
    it(`${command} writes one beside the experiment that has no problems, and opens it`, async () => {
      const experiment = await openExperiment("fresh.maskdm.yaml", BASE);
      const file = workspacePath(`${name}.maskstudy.yaml`);
      rmSync(file, { force: true });
      await vscode.commands.executeCommand(command, experiment.document.uri);
      ok(existsSync(file));
      const text = readFileSync(file, "utf8");
      ok(text.includes("base: fresh.maskdm.yaml\n") && text.includes(`\n  ${axis}:`), text);
      strictEqual(vscode.window.activeTextEditor?.document.uri.fsPath, file);
      await eventually(
        () => vscode.languages.getDiagnostics(vscode.Uri.file(file)),
        // What is only good to know shows that the base was looked at.
        (found) => found.length > 0 || axis === "mask.rate",
      );
      const problems = vscode.languages.getDiagnostics(vscode.Uri.file(file));
      deepStrictEqual(
        problems
          .filter(({ severity }) => severity < vscode.DiagnosticSeverity.Information)
          .map(({ message }) => message),
        [],
      );
      await vscode.commands.executeCommand(command, experiment.document.uri);
      ok(existsSync(workspacePath(`${name}-2.maskstudy.yaml`)), "one that is there stays as it is");
    });
  }
});
