/** A run whose hidden tokens are routed around the middle blocks: designed, trained and drawn from in the editor. */
import { equal, match, ok } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { parseExperiment } from "../../src/core/experiment/parse.ts";
import { EXPERIMENT_FILE } from "../../src/node/run/runFiles.ts";
import { readStatus } from "../../src/node/run/status.ts";
import { type Editor, launch, packagedExtension } from "./driver.ts";
import { until } from "./until.ts";

const FILE = "tiny.maskdm.yaml";
const DESIGNER = 'body[data-view="designer"]';

describe("a run with mode route", () => {
  let workspace: TemporaryFolder;
  let editor: Editor;
  const text = (): string => readFileSync(join(workspace.path, FILE), "utf8");

  before(async () => {
    workspace = await fixtureWorkspace();
    editor = await launch({ workspace: workspace.path, vsix: packagedExtension(), size: { width: 1500, height: 950 } });
  });
  after(async () => {
    await editor?.close();
    await workspace?.remove();
  });

  it("is designed: the figures follow the mode, and the preview says what becomes of hidden tokens", async () => {
    await editor.openFile(FILE);
    await editor.palette("MaskDM: Open Designer");
    const page = await editor.webview(DESIGNER);
    const facts = page.locator(".facts");
    const legend = page.locator(".legend");
    await legend.filter({ hasText: "Hidden tokens are dropped" }).waitFor();
    const dropped = await facts.innerText();
    await page.locator(".segmented label", { hasText: /^route$/ }).click();
    await legend.filter({ hasText: "Hidden tokens skip block 1 of 0 to 2" }).waitFor();
    await until("other figures", async () => (await facts.innerText()) !== dropped);
    await page.locator('.field[data-key="mask.mode"] .problems', { hasText: "64 tokens" }).waitFor();
    for (const theme of ["dark", "light"] as const) {
      await editor.setTheme(theme);
      await (await editor.webview(DESIGNER)).locator(".legend").waitFor();
      await editor.screenshot(`designer-route-${theme}`);
    }
    await editor.save("the mode in the file", () => /^ {2}mode: route$/m.test(text()));
    match(text(), /# A model so small/, "comments stay");
  });

  it("trains to its end and draws samples on the way", async () => {
    await editor.palette("MaskDM: Pretrain");
    const runs = join(workspace.path, "runs");
    const folder = (): string | undefined =>
      existsSync(runs) ? readdirSync(runs).find((name) => readStatus(join(runs, name)).ok) : undefined;
    await until("a run", () => folder() !== undefined, 30_000);
    const dir = join(runs, folder()!);
    const state = (): string => {
      const status = readStatus(dir);
      return status.ok ? status.value.state : status.reason;
    };
    await until("its end", () => state() === "finished", 60_000);
    const frozen = parseExperiment(readFileSync(join(dir, EXPERIMENT_FILE), "utf8"));
    ok(frozen.ok);
    equal(frozen.experiment.mask.mode, "route");
    ok(readdirSync(join(dir, "samples")).some((name) => name.endsWith(".png")));
    await editor.palette("MaskDM: Open Dashboard");
    const dashboard = await editor.webview('body[data-view="dashboard"]');
    await until("the run in the dashboard", async () => /finished/.test(await dashboard.locator("aside").innerText()));
    await editor.screenshot("dashboard-route");
  });
});
