/** The report of a study and its interactive charts in a real browser, without a network. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { findChromium, launchChromium } from "../../scripts/vscode/chromium.ts";
import { ROOT } from "../../scripts/vscode/paths.ts";
import { reportHtml } from "../../src/core/study/report/reportHtml.ts";
import { exampleReport } from "../support/exampleReport.ts";
import { mixedStudy } from "../support/exampleStudy.ts";
import type { ChartsPage } from "./pages/studyCharts.ts";
import { until } from "./until.ts";

declare global {
  interface Window {
    page: ChartsPage;
  }
}

let browser: Browser | undefined;
before(async () => {
  const found = await findChromium();
  if (found.kind === "missing") throw new Error(found.reason);
  browser = await launchChromium(found.path);
});
after(() => browser?.close());

/** A page that may not reach out, with what it complained of and asked for. */
async function offlinePage(scheme: "light" | "dark"): Promise<{ page: Page; problems: string[] }> {
  const page = await browser!.newPage({ viewport: { width: 980, height: 900 }, colorScheme: scheme });
  const problems: string[] = [];
  page.on("pageerror", ({ message }) => problems.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.route(/^https?:/, (route) => {
    problems.push(route.request().url());
    return route.abort();
  });
  return { page, problems };
}

describe("the report of a study", () => {
  for (const scheme of ["light", "dark"] as const) {
    it(`is read offline, ${scheme}, with every chart and picture in it`, async () => {
      const { page, problems } = await offlinePage(scheme);
      await page.setContent(reportHtml(exampleReport()));
      assert.deepEqual(problems, []);
      assert.equal(await page.locator("figure > svg").count(), 5);
      const image = page.locator(".strip img").first();
      assert.ok(await image.evaluate((node: HTMLImageElement) => node.decode().then(() => node.naturalWidth > 0)));
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const drawn = await page
        .locator("figure > svg > rect")
        .first()
        .evaluate((node) => getComputedStyle(node).fill);
      assert.equal(drawn, background);
      assert.equal(background, scheme === "light" ? "rgb(255, 255, 255)" : "rgb(13, 17, 23)");
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `wider than the window by ${overflow}`);
      await page.close();
    });
  }
});

describe("the charts of a study in the panel", () => {
  it("filter by dragging along an axis, choose by keyboard, and become PNG", async () => {
    const { outputFiles } = await build({
      ...{ entryPoints: [join(ROOT, "test/e2e/pages/studyCharts.ts")], outdir: "out", write: false },
      ...{ bundle: true, format: "iife", platform: "browser", logLevel: "silent" },
    });
    const { page, problems } = await offlinePage("light");
    await page.setContent('<body class="vscode-light"></body>');
    for (const { path, text } of outputFiles) {
      if (path.endsWith(".css")) await page.addStyleTag({ content: text });
      else await page.addScriptTag({ content: text });
    }
    const { table } = mixedStudy();
    await page.evaluate((shown) => window.page.show(shown, { ranges: {}, top: null }), table);
    await page.locator("#parallel .brush").first().waitFor();
    await page.locator("#parallel svg").scrollIntoViewIfNeeded();
    const box = (await page.locator("#parallel .brush-area").nth(1).boundingBox())!;
    const x = box.x + box.width / 2;
    await page.mouse.move(x, box.y + 4);
    await page.mouse.down();
    await page.mouse.move(x, box.y + 0.3 * box.height, { steps: 4 });
    await page.mouse.up();
    await until("the filter is told", () => page.evaluate(() => "pretrain.lr" in (window.page.filter?.ranges ?? {})));
    // Of the learning rates only the largest lies in the upper third.
    await until("lines are filtered", async () => (await page.locator("#parallel .filtered").count()) === 3);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await until("all are back", async () => (await page.locator("#parallel .filtered").count()) === 0);

    await page.locator("#dotPlot .mark").first().focus();
    await page.keyboard.press("ArrowDown");
    assert.match(await page.locator("#dotPlot .chart-tooltip").innerText(), /not different from the best/);
    await page.keyboard.press("Enter");
    assert.deepEqual(await page.evaluate(() => window.page.chosen), [2]);
    assert.deepEqual((await page.evaluate(() => window.page.png())).slice(1, 4), [...Buffer.from("PNG")]);
    assert.deepEqual(problems, []);
    await page.close();
  });
});
