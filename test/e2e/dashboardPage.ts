/** Opening the dashboard of many runs, and waiting for what it draws. */
import type { Frame } from "playwright-core";
import type { Editor } from "./editor.ts";
import { until } from "./until.ts";

export const DASHBOARD = 'body[data-view="dashboard"]';

/**
 * Picks every run of the workspace: the list is opened until it has so many, as a folder is seen a moment after its writing.
 * @returns when they were picked, milliseconds since 1970
 */
export async function compareAll(editor: Editor, count: number): Promise<number> {
  const input = editor.page.locator(".quick-input-widget");
  let picked = 0;
  await until(`a list of ${count} runs`, async () => {
    await editor.palette("MaskDM: Compare Runs");
    await input.locator(".quick-input-list .monaco-list-row").first().waitFor();
    await input.getByRole("checkbox", { name: "Toggle all checkboxes" }).click();
    const all = (await input.locator(".quick-input-count").innerText()).startsWith(`${count} `);
    picked = Date.now();
    await editor.page.keyboard.press(all ? "Enter" : "Escape");
    return all;
  });
  return picked;
}

/** The dashboard that lists so many runs, once it does. */
export async function pageWithRuns(editor: Editor, count: number): Promise<Frame> {
  const page = await editor.webview(`${DASHBOARD} aside li:nth-child(${count})`);
  await page
    .locator("aside li")
    .nth(count - 1)
    .waitFor();
  return page;
}

/**
 * Waits until the chart of the loss has drawn so many lines that go as far as a step.
 * @returns when that was, milliseconds since 1970
 */
export async function drawnUpTo(page: Frame, lines: number, step: number, limitMs: number): Promise<number> {
  const drawn = page.evaluate<number>(`(async () => {
    const { dataset } = document.querySelector('[data-chart="loss"]');
    do await new Promise(requestAnimationFrame);
    while (Number(dataset.last) < ${step} || Number(dataset.reaching) < ${lines});
    return Date.now();
  })()`);
  const late = new Promise<never>((_, reject) => {
    const tell = () => reject(new Error(`${lines} lines up to step ${step}: not within ${limitMs} ms`));
    setTimeout(tell, limitMs).unref();
  });
  return Promise.race([drawn, late]);
}
