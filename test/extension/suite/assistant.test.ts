/**
 * The tools as language models call them. In a test of the extension host the editor shows no dialogs and takes them as confirmed
 * (its DialogService: "refused to show confirmation dialog in tests"); what a user is asked is therefore looked at on the tool itself.
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { editorToolName, TOOL_NAMES, type ToolName } from "../../../src/core/assistant/toolNames.ts";
import { TOOLS } from "../../../src/core/assistant/tools.ts";
import { isAtWork } from "../../../src/core/run/entry.ts";
import { editorToolHost } from "../../../src/extension/assistant/editorToolHost.ts";
import type { ExtensionApi } from "../../../src/extension/extension.ts";
import { readQueue } from "../../../src/node/run/queue.ts";

const root = (): string => vscode.workspace.workspaceFolders![0]!.uri.fsPath;

async function api(): Promise<ExtensionApi> {
  const extension = vscode.extensions.getExtension<ExtensionApi>("maskdm-studio.maskdm-studio");
  ok(extension);
  const exported = await extension.activate();
  await exported.services.runs.ready;
  return exported;
}

interface Called {
  readonly text: string;
  readonly data: Record<string, unknown>;
}

async function call(name: ToolName, input: object): Promise<Called> {
  const { content } = await vscode.lm.invokeTool(editorToolName(name), { input, toolInvocationToken: undefined });
  const texts = content.flatMap((part) => (part instanceof vscode.LanguageModelTextPart ? [part.value] : []));
  return { text: texts[0]!, data: JSON.parse(texts[1]!) as Record<string, unknown> };
}

async function until(what: string, holds: () => boolean, milliseconds = 60_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${milliseconds} ms`);
    await sleep(50);
  }
}

const EXPERIMENT = `data: { path: images, image_size: 32 }
model: { patch_size: 8, embed_dim: 32, depth: 3, num_heads: 2 }
mask: { strategy: patch, rate: 0.5 }
pretrain: { steps: 100000, batch_size: 8, checkpoint_every: 50, sample_every: 0, log_every: 5 }
engine: { threads: 1 }
`;

describe("the assistant's tools in the editor", function () {
  this.timeout(120_000);
  const file = (): string => join(root(), "assistant.maskdm.yaml");

  before(async () => {
    await api();
    writeFileSync(file(), EXPERIMENT);
  });

  it("are those of the layer", () => {
    const own = vscode.lm.tools.filter(({ name }) => name.startsWith("maskdm_"));
    deepEqual(own.map(({ name }) => name).sort(), TOOL_NAMES.map(editorToolName).sort());
    for (const { name, description } of own) {
      equal(description, TOOLS[name.replace("maskdm_", "") as ToolName].description);
    }
  });

  it("lint, explain, describe and propose, and write nothing", async () => {
    const linted = await call("lint", { file: "mistaken.maskdm.yaml" });
    match(linted.text, /^mistaken.maskdm.yaml: 2 errors/);
    equal(linted.data["errors"], 2);
    match((await call("explain_rule", { topic: "MDM301" })).text, /^# MDM301/);
    const described = await call("describe_design", { file: "assistant.maskdm.yaml" });
    deepEqual([described.data["tokens"], described.data["images"], described.data["picture"]], [16, 24, null]);
    const before = readFileSync(join(root(), "mistaken.maskdm.yaml"), "utf8");
    const proposed = await call("propose_change", { file: "mistaken.maskdm.yaml", fix: true });
    match(String(proposed.data["patch"]), /^--- a\/mistaken.maskdm.yaml\n/);
    equal(readFileSync(join(root(), "mistaken.maskdm.yaml"), "utf8"), before);
  });

  it("see the text in the editor, saved or not", async () => {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file()));
    const editor = await vscode.window.showTextDocument(document);
    await editor.edit((edit) => edit.insert(document.positionAt(document.getText().length), "seeed: 3\n"));
    match((await call("lint", { file: "assistant.maskdm.yaml" })).text, /seeed/);
    const described = await call("propose_change", { file: file(), unset: ["seeed"] });
    equal(described.data["errors"], 0);
    await vscode.commands.executeCommand("workbench.action.files.revert");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  });

  it("refuse what lies outside of the workspace", async () => {
    await rejects(call("lint", { file: "/etc/passwd" }), /outside of/);
    await rejects(
      call("start_run", { file: "assistant.maskdm.yaml", stage: "pretrain", set: ["data.path=/etc"] }),
      /outside of/,
    );
  });

  it("ask before they start or stop anything, with what will be done", async () => {
    const { services } = await api();
    const host = editorToolHost(services);
    const input = { file: "assistant.maskdm.yaml", stage: "pretrain", set: ["mask.rate=0.75"] };
    const { question } = await TOOLS.start_run.prepare(input, host);
    equal(question?.title, "Pretrain assistant.maskdm.yaml?");
    match(question?.message ?? "", /^100,000 steps of 8 images: .*Other than the file: mask.rate=0.75\./);
    equal(readQueue(join(root(), "runs")).length, 0);
    for (const name of TOOL_NAMES) equal(TOOLS[name].acts, ["start_run", "control_run"].includes(name), name);
  });

  it("start, watch, stop and compare runs", async () => {
    const { services } = await api();
    const started = await call("start_run", {
      file: "assistant.maskdm.yaml",
      stage: "pretrain",
      name: "by an assistant",
    });
    const dir = join(root(), String(started.data["folder"]));
    await until("the run at work", () => services.runs.get(dir)?.state === "running");
    const status = await call("run_status", { run: "by an assistant" });
    match(status.text, /by an assistant\): pretrain running/);
    await call("control_run", { run: "by an assistant", action: "stop" });
    const ended = await call("run_status", { run: dir, wait_seconds: 60 });
    match(ended.text, /stopped/);
    // At once: its process is still on its way out.
    await call("control_run", { run: dir, action: "resume" });
    await until("the run at work again", () => services.runs.get(dir)?.state === "running");
    await call("control_run", { run: dir, action: "stop" });
    const other = await call("start_run", {
      file: "assistant.maskdm.yaml",
      stage: "pretrain",
      set: ["pretrain.steps=10"],
    });
    const otherDir = join(root(), String(other.data["folder"]));
    await until("the other run's end", () => services.runs.get(otherDir)?.state === "finished");
    ok(existsSync(join(otherDir, "run.json")));
    const compared = await call("compare_runs", { runs: [dir, otherDir] });
    match(compared.text, /pretrain.steps: 100000 \| 10/);
    await until("the queue to be empty", () => readQueue(join(root(), "runs")).length === 0);
    ok(!services.runs.runs.some(isAtWork));
  });
});
