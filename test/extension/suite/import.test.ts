import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as vscode from "vscode";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { sizeOf } from "../../../src/core/model/graph/graph.ts";
import { METHOD_CHOICES } from "../../../src/core/model/shape.ts";
import { writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { api, eventually, workspacePath } from "./experimentEditor.ts";

const CONFIG = `define: &img_size 16
define: &patch_size 4

batch_size: 8
lr: 2.0e-4
clip_grad: 1.0
num_workers: 3

dataset:
  NAME: celeba
  PATH: "images"
  MASK_RATIO: 0.5
  MASK_TYPE: "patch"

network:
  img_size: *img_size
  patch_size: *patch_size
  encoder_embed_dim: 32
  encoder_depth: 3
  encoder_heads: 2
`;

describe("Import", () => {
  afterEach(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("makes an experiment of a published configuration and opens it, and a run of weights", async () => {
    const [config, weights] = [workspacePath("Faces 90p.yml"), workspacePath("Faces 20.safetensors")];
    writeFileSync(config, CONFIG);
    const sizes = { imageSize: 16, channels: 3, patchSize: 4, embedDim: 32, depth: 3, numHeads: 2 };
    const tensors = parameterSpecs({ ...METHOD_CHOICES, ...sizes }).map(({ name, shape }) => ({
      name: `module.${name}`,
      shape,
      data: new Float32Array(sizeOf(shape)).fill(0.01),
    }));
    writeSafetensors(weights, tensors, { step: "20" });
    await vscode.commands.executeCommand("maskdm.import", [vscode.Uri.file(config), vscode.Uri.file(weights)]);
    const file = workspacePath("faces-20.maskdm.yaml");
    const document = vscode.window.activeTextEditor?.document;
    strictEqual(document?.uri.fsPath, file);
    strictEqual(document.languageId, "maskdm-yaml");
    ok(/ {2}rate: 0\.5 # dataset\.MASK_RATIO/.test(readFileSync(file, "utf8")), document.getText());
    const { documents, runs } = (await api()).services;
    const { diagnostics } = await documents.get(document);
    deepStrictEqual(
      diagnostics.filter(({ severity }) => severity === "error"),
      [],
    );
    const [entry] = await eventually(
      () => runs.runs.filter(({ experimentFile }) => experimentFile === file),
      ({ length }) => length === 1,
    );
    strictEqual(entry?.state, "finished");
    strictEqual(entry.stage, "pretrain");
    strictEqual(entry.status?.step, 20);
    strictEqual(entry.record?.parent, null);
  });
});
