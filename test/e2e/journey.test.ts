/**
 * What a new user does, on the packaged extension, in one sitting: experiment, designer, training, reload, crash, stop, resume,
 * finetuning, comparison, samples. The steps build on each other, so the first that fails ends the journey.
 */
import { equal, match, notEqual, ok } from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type TemporaryFolder, temporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { ROOT } from "../../scripts/vscode/paths.ts";
import { applyOverrides } from "../../src/core/experiment/overrides.ts";
import { readStatus } from "../../src/node/run/status.ts";
import { type Editor, launch, packagedExtension } from "./driver.ts";
import { stepsInOrder } from "./inOrder.ts";
import { picture, stablePicture } from "./pictures.ts";
import { until } from "./until.ts";

const IMAGES = 64;
/** As long as a user following the walkthrough should need at most; the editor's own start is counted too. */
const DOING_MS = 120_000;
/** A network whose steps take milliseconds, and more of them than there is time until it is stopped. */
const SMALL = {
  "data.image_size": "16",
  "model.embed_dim": "32",
  "model.depth": "3",
  "model.num_heads": "2",
  "pretrain.steps": "1000000",
  "pretrain.batch_size": "16",
  "pretrain.warmup_steps": "10",
  "pretrain.checkpoint_every": "100",
  "pretrain.sample_every": "2000",
  "pretrain.log_every": "20",
  "finetune.steps": "300",
  "finetune.batch_size": "8",
  "finetune.warmup_steps": "10",
  "finetune.log_every": "10",
  "sample.steps": "10",
  "sample.count": "16",
};

describe("the journey from an empty window to samples", () => {
  let folder: TemporaryFolder;
  let editor: Editor;
  let file: string;
  let began = 0;
  let pretrained: string;
  let finetuned: string;
  const runsDir = (): string => join(folder.path, "runs");

  before(async () => {
    folder = await temporaryFolder("maskdm-journey-");
    const images = join(folder.path, "images");
    mkdirSync(images);
    const source = join(ROOT, "examples/emoji/images/smileys");
    for (const name of readdirSync(source).sort().slice(0, IMAGES)) cpSync(join(source, name), join(images, name));
    file = join(folder.path, "faces.maskdm.yaml");
    began = Date.now();
    editor = await launch({ workspace: folder.path, vsix: packagedExtension() });
  });
  after(async () => {
    // A journey that ended early must leave no process at work.
    if (folder !== undefined) for (const dir of runFolders()) requestStop(dir);
    await editor?.close();
    await folder?.remove();
  });
  stepsInOrder(() => editor, "journey-failed");

  it("makes an experiment of a folder of images", async () => {
    await editor.palette("MaskDM: New Experiment");
    await editor.pick("images");
    await editor.page.locator(".quick-input-message", { hasText: "Name of the experiment" }).waitFor();
    await editor.answer("faces");
    await until("the experiment file", () => readdirSync(folder.path).includes("faces.maskdm.yaml"));
    match(readFileSync(file, "utf8"), /64 images/);
    await editor.tab("faces.maskdm.yaml").waitFor();
  });

  it("shows in the designer what a changed rate does to the masks, and writes it into the file", async () => {
    await editor.palette("MaskDM: Open Designer");
    const designer = await editor.webview('body[data-view="designer"]');
    await designer.locator(".preview canvas").first().waitFor();
    const before = await stablePicture(designer, ".preview canvas");
    const rate = designer.locator(".mask-form .pair mdm-text-field input");
    await rate.fill("0.5");
    await rate.press("Enter");
    await until("other masks", async () => (await picture(designer, ".preview canvas")) !== before);
    await until("a visible half", async () => /50 % of N/.test(await designer.locator(".facts").innerText()));
    await editor.screenshot("journey-designer");
    await editor.save("the rate in the file", () => /^\s+rate: 0\.5$/m.test(readFileSync(file, "utf8")));
    match(readFileSync(file, "utf8"), /# Hides whole blocks/, "comments stay");
  });

  it("underlines a mistake and mends it with a quick fix", async () => {
    const good = readFileSync(file, "utf8");
    writeFileSync(file, good.replace(/^(\s+)block_size:/m, "$1blok_size:"));
    const designer = await editor.webview('body[data-view="designer"]');
    await designer.locator(".file-problems .link", { hasText: /^line \d+$/ }).click();
    await editor.page.locator(".squiggly-error").first().waitFor();
    await editor.screenshot("journey-squiggle");
    await editor.page.locator(".view-line", { hasText: "blok_size" }).locator("span span").nth(1).click();
    await editor.page.keyboard.press("Control+.");
    await editor.page.locator(".action-widget .monaco-list-row.action").first().waitFor();
    await editor.page.keyboard.press("Enter");
    await editor.page.locator(".squiggly-error").first().waitFor({ state: "detached" });
    await editor.save("the mended file", () => readFileSync(file, "utf8") === good);
  });

  it("pretrains in the background, and the chart moves", async () => {
    const small = Object.entries(SMALL).map(([path, value]) => ({ path, value }));
    writeFileSync(file, applyOverrides(readFileSync(file, "utf8"), small));
    await editor.palette("MaskDM: Pretrain");
    await until("a run folder", () => runFolders().length === 1, 30_000);
    pretrained = runFolders()[0]!;
    await until("the first steps", () => stepOf(pretrained) > 0, 30_000);
    await editor.palette("MaskDM: Open Dashboard");
    await chartMoves();
    ok(Date.now() - began < DOING_MS, "from an empty window to a moving chart in two minutes");
    await editor.screenshot("journey-dashboard");
  });

  it("is still there, and moving, after the window was reloaded", async () => {
    await editor.reload();
    await chartMoves();
    equal(stateOf(pretrained), "running");
    await editor.screenshot("journey-reloaded");
  });

  it("is still there, and moving, after the extension host was killed", async () => {
    await editor.killExtensionHost();
    const step = stepOf(pretrained);
    await editor.reload();
    await chartMoves();
    ok(stepOf(pretrained) > step);
  });

  it("stops and resumes", async () => {
    await editor.palette("MaskDM: Stop Run");
    await until("the stopped run", () => stateOf(pretrained) === "stopped", 30_000);
    const stoppedAt = stepOf(pretrained);
    await dashboardSays(/stopped/);
    await editor.palette("MaskDM: Resume Run");
    await until("steps after it was resumed", () => stepOf(pretrained) > stoppedAt, 30_000);
    await dashboardSays(/running/);
    await editor.palette("MaskDM: Stop Run");
    await until("the run stopped again", () => stateOf(pretrained) === "stopped", 30_000);
  });

  it("finetunes from it", async () => {
    await editor.openFile("faces.maskdm.yaml");
    await editor.palette("MaskDM: Finetune");
    await until("the finetuning run", () => runFolders().length === 2, 30_000);
    finetuned = runFolders().find((dir) => dir !== pretrained)!;
    await until("its end", () => stateOf(finetuned) === "finished", 60_000);
    await editor.page.locator(".notifications-toasts", { hasText: "finished" }).waitFor();
    await editor.screenshot("journey-finetuned");
  });

  it("compares both runs", async () => {
    await editor.palette("MaskDM: Compare Runs");
    const rows = editor.page.locator(".quick-input-list .monaco-list-row");
    for (const stage of ["finetune", "pretrain"]) await rows.filter({ hasText: stage }).first().click();
    await editor.page.keyboard.press("Enter");
    await until("a panel with both runs", async () => {
      const dashboard = await editor.webview('body[data-view="dashboard"]');
      if ((await dashboard.locator("aside li").count()) !== 2) return false;
      return (await dashboard.locator(".chart .empty").first().isVisible()) === false;
    });
    await editor.screenshot("journey-compared");
  });

  it("draws samples with it", async () => {
    await editor.palette("MaskDM: Sample");
    await editor.page.locator(".quick-input-list .monaco-list-row", { hasText: "finetune" }).first().click();
    await until(
      "the picture",
      () => readdirSync(join(finetuned, "samples")).some((name) => name.endsWith(".png")),
      60_000,
    );
    await editor.page.locator(".tab.active", { hasText: ".png" }).waitFor({ timeout: 30_000 });
    await sleep(500);
    await editor.screenshot("journey-samples");
  });

  async function dashboardSays(what: RegExp): Promise<void> {
    await until(`${what} in the dashboard`, async () => {
      const dashboard = await editor.webview('body[data-view="dashboard"]');
      return what.test(await dashboard.locator("aside").innerText());
    });
  }

  /** The picture of the loss changes, and so does the step beside it. */
  async function chartMoves(): Promise<void> {
    const dashboard = await editor.webview('body[data-view="dashboard"]');
    await dashboard.locator(".chart canvas").first().waitFor();
    await until("a loss in the dashboard", async () => /\bloss \d/.test(await dashboard.locator("aside").innerText()));
    const picturedBefore = await picture(dashboard, ".chart canvas");
    const toldBefore = await dashboard.locator("aside").innerText();
    await until("a chart that moves", async () => {
      const pictured = await picture(dashboard, ".chart canvas");
      return pictured !== picturedBefore && (await dashboard.locator("aside").innerText()) !== toldBefore;
    });
    notEqual(picturedBefore, "");
  }

  function runFolders(): string[] {
    try {
      return readdirSync(runsDir())
        .filter((name) => !name.startsWith("."))
        .map((name) => join(runsDir(), name))
        .filter((dir) => readStatus(dir).ok);
    } catch {
      return []; // nothing was started yet
    }
  }
});

const statusOf = (dir: string) => {
  const status = readStatus(dir);
  if (!status.ok) throw new Error(status.reason);
  return status.value;
};
const stateOf = (dir: string): string => statusOf(dir).state;
const stepOf = (dir: string): number => statusOf(dir).step;

function requestStop(dir: string): void {
  writeFileSync(join(dir, "control.json"), JSON.stringify({ command: "stop" }));
}
