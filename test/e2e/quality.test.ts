/** How good the runs' images are: the dashboard's tab Quality, and the command that measures them. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { fixtureWorkspace, type TemporaryFolder, temporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { applyOverrides } from "../../src/core/experiment/overrides.ts";
import { evaluationsOf } from "../../src/node/run/evaluations.ts";
import { readStatus } from "../../src/node/run/status.ts";
import { madeUpEvaluation, writeEvaluations } from "../support/evaluations.ts";
import { writeRun } from "../support/runFolders.ts";
import { type Editor, packagedExtension, type Theme } from "./driver.ts";
import { suiteEditor } from "./suiteEditor.ts";
import { until } from "./until.ts";

const DASHBOARD = 'body[data-view="dashboard"]';
const PICTURES = "neighbours-1000-fedcba98";

describe("the dashboard's quality", () => {
  let workspace: TemporaryFolder;
  const dirs: string[] = [];
  before(async () => {
    workspace = await temporaryFolder("maskdm-quality-");
    const runsDir = join(workspace.path, "runs");
    writeFileSync(join(workspace.path, "tiny.maskdm.yaml"), "data:\n  path: images\n");
    for (const [seed, rate] of [0.5, 0.75, 0.9, 0.25].entries()) {
      const id = `2026-01-0${seed + 1}-tiny-pretrain-01`;
      dirs.push(await writeRun({ runsDir, id, seed, lines: 60, experiment: { mask: { rate } } }));
    }
    const kid = (value: number, standardError: number) => ({
      ...{ value, standardError, low: value - 1.9 * standardError, high: value + 2.1 * standardError },
    });
    // By a version that measured less.
    const { kidHeldOut, look, ...less } = madeUpEvaluation();
    const early = { ...less, ...{ step: 500, time: "2026-01-02T01:00:00.000Z", kid: kid(0.061, 0.004) } };
    await writeEvaluations(dirs[0]!, [early, madeUpEvaluation({ kid: kid(0.031, 0.0031), neighbours: PICTURES })]);
    await writeEvaluations(dirs[1]!, [madeUpEvaluation({ kid: kid(0.0123, 0.0014), coverage: 0.9 })]);
    await writeEvaluations(dirs[2]!, [
      madeUpEvaluation({ samples: 200, space: "random-convolutions", kid: kid(0.002, 0.0009), coverage: 0.1 }),
    ]);
  });
  after(() => workspace?.remove());

  const running = suiteEditor(() => ({
    workspace: workspace.path,
    size: { width: 1600, height: 900 },
    vsix: packagedExtension(),
  }));

  for (const theme of ["dark", "light", "hc"] satisfies Theme[]) {
    it(`shows evaluations side by side, and samples beside their nearest training images, ${theme}`, async () => {
      const editor = running();
      await editor.setTheme(theme);
      const page = await quality(editor);
      await editor.screenshot(`dashboard-quality-${theme}`);
      equal(await page.locator(".quality .pair").count(), 30);
      const [image] = await page
        .locator(".quality .cut-out")
        .evaluateAll((parts: HTMLElement[]) => parts.map(({ style }) => style.backgroundImage.slice(5, -2)));
      const width = await page.evaluate<number>(
        `new Promise((done, failed) => { const image = new Image(); image.onload = () => done(image.naturalWidth); image.onerror = failed; image.src = ${JSON.stringify(image)}; })`,
      );
      equal(width, 10 * 66 + 2);
      await page.locator(".neighbours").scrollIntoViewIfNeeded();
      await editor.screenshot(`dashboard-neighbours-${theme}`);
    });
  }

  it("breaks its rows where there is little room, each measure under its name", async () => {
    const editor = running();
    const page = await quality(editor);
    const lines = (): Promise<number> =>
      page
        .locator(".quality tbody tr:first-child td")
        .evaluateAll((cells: HTMLElement[]) => new Set(cells.map((cell) => cell.offsetTop)).size);
    const wide = await lines();
    try {
      await editor.page.setViewportSize({ width: 900, height: 900 });
      await until("more lines", async () => (await lines()) > wide);
      for (const theme of ["dark", "light"] satisfies Theme[]) {
        await editor.setTheme(theme);
        await editor.screenshot(`dashboard-quality-narrow-${theme}`);
      }
      const room = await page
        .locator(".quality .scroller")
        .evaluate(({ scrollWidth, clientWidth }: HTMLElement) => ({ scrollWidth, clientWidth }));
      ok(room.scrollWidth <= room.clientWidth, JSON.stringify(room));
      const grain = page.locator('[data-run$="02-tiny-pretrain-01"] td[data-name="Grain"]');
      match(await grain.innerText(), /^2\.40 ± 0\.12$/);
      match(await grain.evaluate((cell: HTMLElement) => getComputedStyle(cell, "::before").content), /^"Grain"/);
    } finally {
      await editor.page.setViewportSize({ width: 1600, height: 900 });
    }
  });

  it("says which evaluations cannot be compared, sorts, folds, and is read out, by keyboard", async () => {
    const editor = running();
    const page = await quality(editor);
    match(await page.locator(".quality-tab .summary").innerText(), /^2 of 3 evaluated runs can be compared/);
    equal(await page.locator(".quality .differs .interval-plot").count(), 0);
    deepEqual(await page.locator(".incomparable").allInnerTexts(), [
      "≠ other space (random-convolutions), other number of samples (200)",
    ]);
    const plot = page.locator('[data-run$="02-tiny-pretrain-01"] .interval-plot');
    equal(await plot.getAttribute("role"), "img");
    match(
      (await plot.getAttribute("aria-label")) ?? "",
      /^KID 0.0123, 95 % interval 0.00964 to 0.0152; floor 0.0004, error 0.0006, against held-out images$/,
    );
    const coverage = page.locator('[data-sort="coverage"]');
    await coverage.focus();
    await editor.page.keyboard.press("Enter");
    await page.locator('th[aria-sort="ascending"] [data-sort="coverage"]').waitFor();
    const labels = () => page.locator(".quality tbody th .label").allInnerTexts();
    deepEqual(await labels(), ["mask.rate 0.9", "mask.rate 0.5", "mask.rate 0.75", "mask.rate 0.25"]);
    // The button is another one now, and has the focus.
    await editor.page.keyboard.press("Enter");
    await page.locator('th[aria-sort="descending"] [data-sort="coverage"]').waitFor();
    deepEqual(await labels(), ["mask.rate 0.75", "mask.rate 0.5", "mask.rate 0.9", "mask.rate 0.25"]);
    await page.locator("#live", { hasText: "Sorted by Coverage, descending" }).waitFor({ state: "attached" });
    const fold = page.locator(".quality .fold");
    equal(await fold.getAttribute("aria-expanded"), "false");
    await fold.press("Enter");
    await page.locator(".quality .older", { hasText: "step 500" }).waitFor();
    equal(await page.locator(".quality .fold").getAttribute("aria-expanded"), "true");
    await page.getByRole("button", { name: "Evaluate mask.rate 0.25" }).last().waitFor();
  });

  it("shows an evaluation as soon as it is there, in the explorer, too", async () => {
    const editor = running();
    const page = await quality(editor);
    const dir = dirs[3]!;
    try {
      await writeEvaluations(dir, [madeUpEvaluation({ run: "d", neighbours: PICTURES })]);
      const row = page.locator(`tr[data-run="${dir}"]`);
      await row.locator(".interval-plot").waitFor();
      await page.getByRole("button", { name: /^Nearest training images of mask.rate 0.25/ }).click();
      await page.locator("h2", { hasText: "Nearest training images of mask.rate 0.25" }).waitFor();
      await editor.palette("View: Show MaskDM");
      const item = editor.page.locator(".monaco-list-row", { hasText: /01-04 pretrain-01.*KID 0\.012 ± 0\.001/ });
      await item.waitFor();
      await item.hover();
      await editor.page
        .locator(".monaco-hover", { hasText: /Measured\s*1000 samples in efficientnet-lite0/ })
        .waitFor();
      await editor.screenshot("explorer-evaluated");
      // Another one, appended to the same file.
      await writeEvaluations(dir, [
        madeUpEvaluation({ run: "d", kid: { value: 0.004, standardError: 0.001, low: 0.002, high: 0.006 } }),
      ]);
      await row.locator(".fold", { hasText: "1 older" }).waitFor();
      await editor.page.locator(".monaco-list-row", { hasText: /KID 0\.004 ± 0\.001/ }).waitFor();
    } finally {
      rmSync(join(dir, "evaluations.jsonl"), { force: true });
    }
  });

  it("exports all evaluations as a table", async () => {
    const editor = running();
    const page = await quality(editor);
    const path = join(workspace.path, "quality.csv");
    await page.locator(".quality-tab mdm-button", { hasText: "Export CSV" }).click();
    const proposed = editor.page.locator(".quick-input-widget .quick-input-box input");
    await until("a proposed name", async () => (await proposed.inputValue()).endsWith("Evaluations.csv"));
    await editor.answer(path);
    await until("the table", () => existsSync(path) && statSync(path).size > 0);
    const lines = readFileSync(path, "utf8").trim().split("\n");
    equal(lines.length, 5);
    match(lines[0]!, /^run,label,time,.*,kid,kidStandardError,kidLow,kidHigh,kidHeldOut,.*,borderRatio,.*,nearCopies,/);
    ok(
      lines.some((line) =>
        line.startsWith("2026-01-01-tiny-pretrain-01,mask.rate 0.5,2026-01-02T01:00:00.000Z,pretrain,500,"),
      ),
    );
  });
});

describe("MaskDM: Evaluate Run", () => {
  let workspace: TemporaryFolder;
  let run: string;
  before(async () => {
    workspace = await fixtureWorkspace();
    const file = join(workspace.path, "tiny.maskdm.yaml");
    const few = { "pretrain.steps": "4", "data.image_size": "16", "pretrain.sample_every": "0", "engine.threads": "1" };
    const changes = Object.entries(few).map(([path, value]) => ({ path, value }));
    writeFileSync(file, applyOverrides(readFileSync(file, "utf8"), changes));
    rmSync(join(workspace.path, "mistaken.maskdm.yaml"));
  });
  after(() => workspace?.remove());
  const running = suiteEditor(() => ({
    workspace: workspace.path,
    size: { width: 1400, height: 900 },
    vsix: packagedExtension(),
  }));

  it("asks little, shows how far it is, goes on where it was cancelled, and leads to the result", async () => {
    const editor = running();
    await editor.palette("MaskDM: Pretrain");
    const runsDir = join(workspace.path, "runs");
    await until("a finished run", () => {
      const [id] = existsSync(runsDir) ? readdirSync(runsDir).filter((name) => !name.startsWith(".")) : [];
      if (id === undefined) return false;
      run = join(runsDir, id);
      const status = readStatus(run);
      return status.ok && status.value.state === "finished";
    });
    // The list of runs is a moment behind.
    await editor.page.locator(".notification-toast", { hasText: "has finished" }).waitFor();
    await begin(editor, "6000");
    const toast = editor.page.locator(".notification-toast", { hasText: "Evaluating" });
    await toast.filter({ hasText: /drawing \d/ }).waitFor();
    await until("a page of samples", () => pages(run).length > 0);
    await editor.screenshot("evaluate-progress");
    await toast.hover();
    await toast.getByRole("button", { name: "Cancel" }).click();
    await editor.page.locator(".notification-toast", { hasText: "What was drawn is kept" }).waitFor();
    const kept = pages(run).map((page) => [page, statSync(join(run, "evaluations", page)).mtimeMs]);
    ok(kept.length > 0);
    deepEqual(evaluationsOf(run), []);

    await editor.palette("Notifications: Clear All Notifications");
    await begin(editor, "64");
    const result = editor.page.locator(".notification-toast", {
      hasText: /: KID .* by 64 samples in random-convolutions\./,
    });
    await result.waitFor({ timeout: 60_000 });
    deepEqual([statSync(join(run, "evaluations", kept[0]![0] as string)).mtimeMs], [kept[0]![1]]);
    equal(evaluationsOf(run).length, 1);
    await result.getByRole("button", { name: "Open Dashboard" }).click();
    const page = await editor.webview(`${DASHBOARD} .quality .pair`);
    equal(await page.locator('.tabs [aria-selected="true"]').innerText(), "Quality");
    equal(await page.locator(".quality .pair").count(), 64);
    await editor.screenshot("evaluated");

    // An evaluation outlives the window that began it.
    const before = pages(run).length;
    await begin(editor, "3000");
    await until("another page of samples", () => pages(run).length > before);
    await editor.reload();
    await until("its end", () => evaluationsOf(run).length === 2, 60_000);
    equal(evaluationsOf(run)[1]!.samples, 3000);
  }).timeout(180_000);

  async function begin(editor: Editor, samples: string): Promise<void> {
    await editor.palette("MaskDM: Evaluate Run");
    await editor.page.locator(".quick-input-message", { hasText: "Samples to draw" }).waitFor();
    await editor.answer(samples);
    await editor.pick("random-convolutions");
  }
});

/** Pages of samples in a run's folder, by their paths in `evaluations`. */
function pages(run: string): string[] {
  const folder = join(run, "evaluations");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".pixels"))
    .sort();
}

/** The dashboard of all four runs, at its tab of evaluations. */
async function quality(editor: Editor): Promise<Frame> {
  const input = editor.page.locator(".quick-input-widget");
  await until("a list of 4 runs", async () => {
    await editor.palette("MaskDM: Compare Runs");
    await input.locator(".quick-input-list .monaco-list-row").first().waitFor();
    await input.getByRole("checkbox", { name: "Toggle all checkboxes" }).click();
    const all = (await input.locator(".quick-input-count").innerText()).startsWith("4 ");
    await editor.page.keyboard.press(all ? "Enter" : "Escape");
    return all;
  });
  const page = await editor.webview(`${DASHBOARD} aside li:nth-child(4)`);
  await page.locator("#tab-quality").click();
  await page.locator(".quality .interval-plot").first().waitFor();
  await page.locator(".quality .pair").first().waitFor();
  return page;
}
