/** The 2-D picture of the method in the editor: trained, played, scrubbed, hidden and shown again. */
import { equal, match, notEqual, ok } from "node:assert/strict";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { processesWith } from "../../scripts/vscode/processes.ts";
import { suiteEditor } from "./suiteEditor.ts";
import { until } from "./until.ts";

const TOY = 'body[data-view="toy"]';
const LIMIT_MS = 240_000;
/** The trainer's, of the second test. */
const atWork = (): number[] => processesWith("maskdm.js toy --data moons --steps 20000");

describe("the primer in 2-D", function () {
  this.timeout(2 * LIMIT_MS);
  let workspace: TemporaryFolder;
  before(async () => {
    workspace = await fixtureWorkspace();
  });
  after(() => workspace?.remove());
  const editor = suiteEditor(() => ({ workspace: workspace.path, size: { width: 1280, height: 950 } }));

  it("trains, plays, scrubs by keyboard, and is as it was after its tab was hidden", async () => {
    await editor().palette("MaskDM: Primer in 2-D");
    let page = await editor().webview(TOY);
    // A short one in place of the one that begins by itself.
    await page.getByLabel("Steps").fill("400");
    await page.getByLabel("Data set").selectOption("moons");
    const status = page.getByRole("status");
    await status.filter({ hasText: "Trained with" }).waitFor({ timeout: LIMIT_MS });
    const moment = page.locator(".moment");
    match(await moment.innerText(), /^Finetuning, step 200 · cost 400/);
    equal(await page.locator(".clouds figure").count(), 3);
    equal(await page.locator(".curves > svg").count(), 2);
    const cloud = page.locator(".clouds svg").first();
    const last = await cloud.innerHTML();

    await page.getByRole("button", { name: "Play" }).click();
    await moment.filter({ hasText: /^Pretraining/ }).waitFor();
    await moment.filter({ hasText: "Finetuning, step 200" }).waitFor();
    await page.getByRole("button", { name: "Play" }).waitFor();

    const slider = page.getByRole("slider", { name: "Moment of the training" });
    await slider.focus();
    await page.page().keyboard.press("Home");
    await moment.filter({ hasText: "Pretraining, step 0" }).waitFor();
    for (let i = 0; i < 10; i++) await page.page().keyboard.press("ArrowRight");
    await moment.filter({ hasText: "Pretraining, step 400" }).waitFor();
    const primer = await cloud.innerHTML();
    notEqual(primer, last);
    ok((await cloud.getAttribute("aria-label"))?.startsWith("Primer: energy distance"));
    for (const theme of ["dark", "light", "hc"] as const) {
      await editor().setTheme(theme);
      page = await editor().webview(TOY);
      await page.locator(".moment").filter({ hasText: "Pretraining, step 400" }).waitFor();
      await editor().screenshot(`toy-${theme}`);
    }

    await editor().openFile("tiny.maskdm.yaml");
    await editor().palette("MaskDM: Primer in 2-D");
    page = await editor().webview(TOY);
    await page.locator(".moment").filter({ hasText: "Pretraining, step 400" }).waitFor();
    equal(await page.locator(".clouds svg").first().innerHTML(), primer);
    match(await page.getByRole("status").innerText(), /^Trained with/);
  });

  it("ends its process with its tab", async () => {
    await editor().palette("MaskDM: Primer in 2-D");
    const page = await editor().webview(TOY);
    await page.getByLabel("Data set").selectOption("moons");
    await page.getByLabel("Steps").fill("20000");
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByRole("status").filter({ hasText: "Training with" }).waitFor({ timeout: LIMIT_MS });
    await until("a process", () => atWork().length === 1);
    await editor().closeAll();
    await until("its end", () => atWork().length === 0);
  });
});
