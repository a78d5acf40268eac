import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { LivePreview } from "../../../src/core/batch/livePreview.ts";
import type { TimeForecast } from "../../../src/core/cost/forecast.ts";
import { readExperiment } from "../../../src/core/experiment/read.ts";
import type { DataState } from "../../../src/core/protocol/designer.ts";
import { filesBelow, zipOf } from "../../unit/data/archiveFiles.ts";
import { DesignerPage } from "./designerPage.ts";
import { api, eventually, openExperiment, undo, workspacePath } from "./experimentEditor.ts";

const TEXT = `# Written by hand
data:
  path: images # where they are
  image_size: 32

mask:
  strategy: block # whole blocks
  rate: 0.9
  block_size: 2
seed: 1
`;

let files = 0;
const nextName = (): string => `designer-${files++}.maskdm.yaml`;

/** The images of a page, once they are open. */
async function readyData(page: DesignerPage): Promise<Extract<DataState, { kind: "ready" }>> {
  const { data } = await page.result("ready", {});
  const ready = await eventually(
    () => page.dataOf("data").at(-1) ?? data,
    (state) => state.kind === "ready",
    15_000,
  );
  ok(ready.kind === "ready");
  return ready;
}

describe("the mask designer", () => {
  const open: vscode.Disposable[] = [];
  afterEach(async () => {
    for (const disposable of open.splice(0)) disposable.dispose();
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  });

  async function openPage(text = TEXT): Promise<{ page: DesignerPage; document: vscode.TextDocument }> {
    const { document } = await openExperiment(nextName(), text);
    const page = await DesignerPage.open(document);
    open.push(page);
    return { page, document };
  }

  it("shows the images of an archive as those of its folder", async () => {
    writeFileSync(workspacePath("packed.zip"), zipOf(filesBelow(workspacePath("images"))));
    const shown = async (path: string) => {
      const { page } = await openPage(TEXT.replace("path: images", `path: ${path}`));
      const { key, count } = await readyData(page);
      const { paths, pixels } = await page.result("read", { key, indices: [0, 5, count - 1] });
      return { count, paths, pixels: Buffer.from(pixels).toString("base64") };
    };
    deepEqual(await shown("packed.zip"), await shown("images"));
  });

  it("opens beside the text with its command, and as text again", async () => {
    const { document } = await openExperiment(nextName(), TEXT);
    await vscode.commands.executeCommand("maskdm.openDesigner");
    await eventually(designers, ([first]) => first === `${document.uri} in 2`);
    await vscode.commands.executeCommand("maskdm.reopenAsText");
    await eventually(designers, (found) => found.length === 0);
    equal(vscode.window.activeTextEditor?.document, document);
  });

  it("opens on the batch that is asked for", async () => {
    const { document } = await openExperiment(nextName(), TEXT);
    await vscode.commands.executeCommand("maskdm.previewMaskedBatch", document.uri, 7);
    await eventually(designers, (found) => found.length === 1);
  });

  it("edits the text in place: comments and order stay, and undo takes it back", async () => {
    const { page, document } = await openPage();
    await page.result("ready", {});
    await page.result("edit", {
      changes: [
        { path: "mask.rate", value: 0.5 },
        { path: "pretrain.steps", value: 300 },
      ],
    });
    const edited = document.getText();
    equal(edited, `${TEXT.replace("rate: 0.9", "rate: 0.5")}pretrain:\n  steps: 300\n`);
    ok(document.isDirty);
    const told = page.dataOf("document").at(-1);
    deepEqual(told, { text: edited, version: document.version });
    await undo(document);
    equal(document.getText(), TEXT);
    await eventually(
      () => page.dataOf("document").at(-1)?.text,
      (text) => text === TEXT,
    );
  });

  it("makes edits that come in quick succession one after the other", async () => {
    const { page, document } = await openPage();
    const rates = Array.from({ length: 20 }, (_, i) => Number((0.89 - i / 100).toFixed(2)));
    await Promise.all(rates.map((value) => page.result("edit", { changes: [{ path: "mask.rate", value }] })));
    equal(document.getText(), TEXT.replace("rate: 0.9", "rate: 0.7"));
  });

  it("writes pieces of the mask rate into the text, a line each where it has lines", async () => {
    const { page, document } = await openPage();
    const pieces = [{ until: 0.5, rate: 0.9 }, { rate: 0 }];
    await page.result("edit", { changes: [{ path: "mask.rate", value: pieces }] });
    equal(document.getText(), TEXT.replace("rate: 0.9", "rate: [{until: 0.5, rate: 0.9}, {rate: 0}]"));
    const lines = TEXT.replace("rate: 0.9", "rate:\n    - {until: 0.5, rate: 0.9} # first\n    - {rate: 0}");
    const range = new vscode.Range(0, 0, document.lineCount, 0);
    const replaced = new vscode.WorkspaceEdit();
    replaced.replace(document.uri, range, lines);
    ok(await vscode.workspace.applyEdit(replaced));
    const more = [pieces[0], { until: 800, rate: 0.5, strategy: "patch" }, pieces[1]];
    await page.result("edit", { changes: [{ path: "mask.rate", value: more }] });
    equal(document.getText(), lines.replace("# first", "# first\n    - {until: 800, rate: 0.5, strategy: patch}"));
  });

  it("takes a key out when it is set back to its default", async () => {
    const { page, document } = await openPage();
    await page.result("edit", { changes: [{ path: "mask.rate", remove: true }] });
    equal(document.getText(), TEXT.replace("  rate: 0.9\n", ""));
  });

  it("makes the fix of a finding, in the version it was found in only", async () => {
    const { page, document } = await openPage();
    const { services } = await api();
    const { diagnostics } = await services.documents.get(document);
    const found = diagnostics.find(({ fix, message }) => fix !== undefined && message.includes("mask.rate"));
    ok(found, "the text has something to fix");
    const { code, line, column } = found;
    const late = await page.request("fix", { version: document.version - 1, code, line, column });
    ok(!late.ok && /changed/.test(late.error));
    equal(document.getText(), TEXT);
    await page.result("fix", { version: document.version, code, line, column });
    equal(document.getText(), TEXT.replace("rate: 0.9", "rate: 0.875"));
  });

  it("says what keeps a broken file from being edited, and leaves it alone", async () => {
    const broken = TEXT.replace("strategy: block", "strategy: [block");
    const { page, document } = await openPage(broken);
    const start = await page.result("ready", {});
    equal(start.document.text, broken);
    const reply = await page.request("edit", { changes: [{ path: "mask.rate", value: 0.5 }] });
    ok(!reply.ok);
    match(reply.error, /corrected first, line \d+/);
    equal(document.getText(), broken);
  });

  it("refuses messages that are none of its own", async () => {
    const { page, document } = await openPage();
    const bad: readonly [string, unknown][] = [
      ["edit", { changes: [{ path: "mask.rate", value: 0.5, range: [0, 10] }] }],
      ["edit", { changes: [{ path: "mask.nothing", value: 1 }] }],
      ["edit", { changes: [{ path: "../other.maskdm.yaml", value: 1 }] }],
      ["edit", { changes: [{ path: "mask.rate", value: { evil: true } }] }],
      ["edit", { changes: [{ path: "mask.rate", value: Number.NaN }] }],
      ["edit", { changes: [] }],
      ["edit", { uri: "file:///etc/passwd", changes: [{ path: "seed", value: 1 }] }],
      ["edit", { changes: Array.from({ length: 17 }, () => ({ path: "seed", value: 1 })) }],
      ["fix", { version: 1, code: "MDM001", line: 0, column: 1 }],
      ["reveal", { line: 1, column: 1, path: "/etc/passwd" }],
      ["read", { key: "", indices: [-1] }],
      ["read", { key: "", indices: Array.from({ length: 65 }, (_, i) => i) }],
      ["run", { stage: "format" }],
      ["run", { stage: "pretrain", command: "workbench.action.quit" }],
      ["ready", { extra: 1 }],
      ["ready", null],
      ["constructor", {}],
      ["__proto__", {}],
      ["nothing", {}],
    ];
    for (const [method, params] of bad) {
      const reply = await page.request(method, params);
      ok(!reply.ok, `${method} ${JSON.stringify(params)}`);
      ok(reply.error.length > 0 && !/\n\s+at /.test(reply.error), reply.error);
    }
    for (const message of [null, 7, "edit", {}, { kind: "request" }, { kind: "reply", id: 0 }, [1, 2]])
      page.send(message);
    await page.result("ready", {});
    equal(document.getText(), TEXT);
  });

  it("reads the images that training reads, and only those of the data set that is open", async () => {
    const { page, document } = await openPage();
    const ready = await readyData(page);
    equal(ready.count, 24);
    const { experiment } = readExperiment(document.getText());
    ok(experiment);
    const preview = new LivePreview({ experiment, stage: "pretrain", datasetSize: 24, step: 3, count: 8 });
    const indices = [...preview.plan.indices];
    const { paths, pixels } = await page.result("read", { key: ready.key, indices });
    deepEqual(
      paths,
      indices.map((index) => `${String(index).padStart(2, "0")}.png`),
    );
    // The images of the workspace are drawn by this rule.
    const red = (index: number, x: number): number => (x * 8 + index * 10) % 256;
    indices.forEach((index, i) => {
      for (let x = 0; x < 32; x++) equal(pixels[i * 32 * 32 * 3 + x * 3], red(index, x));
    });
    const other = await page.request("read", { key: "another data set", indices });
    ok(!other.ok);
    const beyond = await page.request("read", { key: ready.key, indices: [24] });
    ok(!beyond.ok && /holds 24 images only/.test(beyond.error));
  });

  it("tells the folders that make classes, in their order", async () => {
    const folder = workspacePath("labelled");
    const copy = (name: string) => {
      mkdirSync(join(folder, name), { recursive: true });
      copyFileSync(workspacePath("images", "00.png"), join(folder, name, "0.png"));
    };
    for (const name of ["10", "9", "green"]) copy(name);
    try {
      const text = `data:\n  path: labelled\n  image_size: 32\n  labels: folders\nmodel:\n  num_classes: 3\n`;
      const { page } = await openPage(text);
      const ready = await readyData(page);
      deepEqual(ready.classes, ["9", "10", "green"]);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });

  it("follows the document to other images, and says what is wrong with a folder", async () => {
    const { page } = await openPage();
    await page.result("ready", {});
    await eventually(
      () => page.dataOf("data").at(-1)?.kind,
      (kind) => kind === "ready",
      15_000,
    );
    await page.result("edit", { changes: [{ path: "data.path", value: "nowhere" }] });
    const failed = await eventually(
      () => page.dataOf("data").at(-1),
      (state) => state?.kind === "failed",
      15_000,
    );
    ok(failed?.kind === "failed");
    match(failed.error, /nowhere/);
  });

  it("measures this machine on the file, once for all configurations", async () => {
    const { services } = await api();
    const uri = vscode.Uri.file(workspacePath("tiny.maskdm.yaml"));
    const document = await vscode.workspace.openTextDocument(uri);
    const { experiment } = await services.documents.get(document);
    ok(experiment);
    let changes = 0;
    open.push(services.calibration.onDidChange(() => changes++));
    await services.calibration.measure(uri);
    equal(changes, 1);
    // How the stages compare is the machine's mood; how forecasts follow from measurements is a unit test's subject.
    for (const stage of ["pretrain", "finetune"] as const) {
      const time: TimeForecast | null = services.calibration.forecast({ experiment, stage })?.time ?? null;
      ok(time);
      equal(time.basis, "same");
      ok(time.secondsPerStep > 0 && time.totalSeconds > time.secondsPerStep * experiment[stage].steps);
    }
    const threads = { ...experiment, engine: { ...experiment.engine, threads: 1 } };
    equal(services.calibration.forecast({ experiment: threads, stage: "pretrain" })?.time, null);
    notEqual(services.calibration.measurements.length, 0);
  }).timeout(120_000);
});

/** The designers that are open, each with its column. */
function designers(): string[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs, viewColumn }) =>
    tabs.flatMap(({ input }) =>
      input instanceof vscode.TabInputCustom && input.viewType === "maskdm.designer"
        ? [`${input.uri} in ${viewColumn}`]
        : [],
    ),
  );
}
