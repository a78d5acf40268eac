import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as vscode from "vscode";
import { filesBelow, zipOf } from "../../unit/data/archiveFiles.ts";
import { api, eventually, problemCodes, workspacePath } from "./experimentEditor.ts";

const ACCEPT = "workbench.action.acceptSelectedQuickOpenItem";

/** Accepts what a quick input proposes, again until something came of it: it takes a moment to appear. */
async function acceptUntil(happened: () => boolean): Promise<void> {
  await eventually(
    async () => {
      if (!happened()) await vscode.commands.executeCommand(ACCEPT);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return happened();
    },
    (holds) => holds,
    15_000,
  );
}

describe("New Experiment", () => {
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("writes a file that suits the images of a folder, and opens it", async () => {
    mkdirSync(workspacePath("flowers"), { recursive: true });
    for (let i = 10; i < 22; i++)
      writeFileSync(workspacePath("flowers", `${i}.png`), readFileSync(workspacePath("images", `${i}.png`)));
    const file = workspacePath("flowers.maskdm.yaml");
    ok(!existsSync(file));
    const done = vscode.commands.executeCommand("maskdm.newExperimentHere", vscode.Uri.file(workspacePath("flowers")));
    await acceptUntil(() => existsSync(file));
    await done;
    const text = readFileSync(file, "utf8");
    ok(text.includes("# 12 images were found here") && /path: \.?\/?flowers\n/.test(text), text);
    const document = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
    strictEqual(document?.languageId, "maskdm-yaml");
    const { documents } = (await api()).services;
    const { diagnostics } = await eventually(
      () => documents.get(document),
      ({ facts }) => facts.dataset?.images === 12,
    );
    deepStrictEqual(
      diagnostics.filter(({ severity }) => severity === "error"),
      [],
    );
    strictEqual(problemCodes(document.uri).length, diagnostics.length);
  });

  it("writes a file that suits the images of an archive, and completes its name", async () => {
    writeFileSync(workspacePath("meadow.zip"), zipOf(filesBelow(workspacePath("images"))));
    const file = workspacePath("meadow.maskdm.yaml");
    const done = vscode.commands.executeCommand(
      "maskdm.newExperimentHere",
      vscode.Uri.file(workspacePath("meadow.zip")),
    );
    await acceptUntil(() => existsSync(file));
    await done;
    const text = readFileSync(file, "utf8");
    ok(text.includes("# 24 images were found here") && /path: \.?\/?meadow\.zip\n/.test(text), text);
    const document = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
    const at = document!.positionAt(text.indexOf("meadow.zip") + 3);
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
      "vscode.executeCompletionItemProvider",
      document!.uri,
      at,
    );
    ok(items.some(({ label }) => label === "meadow.zip"));
  });

  it("proposes a name that is free, so that an experiment that is there stays as it is", async () => {
    const [taken, free] = [workspacePath("flowers.maskdm.yaml"), workspacePath("flowers-2.maskdm.yaml")];
    const before = readFileSync(taken, "utf8");
    const done = vscode.commands.executeCommand("maskdm.newExperimentHere", vscode.Uri.file(workspacePath("flowers")));
    await acceptUntil(() => existsSync(free));
    await done;
    strictEqual(readFileSync(taken, "utf8"), before);
  });
});
