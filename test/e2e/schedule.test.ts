/** A mask that changes over pretraining, in a real editor: drawn and edited in the designer, and trained with. */
import { deepEqual, equal, match } from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { type TemporaryFolder, temporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { ROOT } from "../../scripts/vscode/paths.ts";
import { readStatus } from "../../src/node/run/status.ts";
import { type Editor, launch, packagedExtension } from "./driver.ts";
import { until } from "./until.ts";

const FILE = "faces.maskdm.yaml";
const PAGE = 'body[data-view="designer"]';
const TEXT = `data:
  path: images
  image_size: 32
model: { patch_size: 4, embed_dim: 32, depth: 3, num_heads: 2 }
mask:
  strategy: patch
  rate:
    - {until: 60, rate: 0.9} # hardly anything is seen
    - {until: 0.75, rate: 0.5} # half of it
    - {rate: 0} # whole images
pretrain:
  steps: 120
  batch_size: 8
  warmup_steps: 5
  clip_grad: 1
  checkpoint_every: 50
  sample_every: 0
  log_every: 10
`;

describe("a mask that changes over pretraining", () => {
  let folder: TemporaryFolder;
  let editor: Editor;
  const text = (): string => readFileSync(join(folder.path, FILE), "utf8");

  before(async () => {
    folder = await temporaryFolder("maskdm-schedule-");
    mkdirSync(join(folder.path, "images"));
    const source = join(ROOT, "examples/emoji/images/smileys");
    for (const name of readdirSync(source).sort().slice(0, 16))
      cpSync(join(source, name), join(folder.path, "images", name));
    writeFileSync(join(folder.path, FILE), TEXT);
    editor = await launch({ workspace: folder.path, vsix: packagedExtension(), size: { width: 1500, height: 950 } });
    await editor.openFile(FILE);
    await editor.palette("MaskDM: Open Designer");
    await (await designer()).locator(".schedule-chart").waitFor();
  });
  after(async () => {
    await editor?.close();
    await folder?.remove();
  });

  const designer = (): Promise<Frame> => editor.webview(PAGE);

  it("is drawn with its borders, and the preview goes through its pieces by pointer and by keys", async () => {
    const page = await designer();
    deepEqual(await page.locator(".schedule-border").allInnerTexts(), ["0", "60", "90", "120"]);
    await showsPiece(page, 0, "7 of 64 tokens visible");
    await page.locator(".schedule-piece").nth(1).click();
    await showsPiece(page, 60, "32 of 64 tokens visible");
    await page.locator(".schedule-piece").nth(1).press("ArrowRight");
    await editor.page.keyboard.press("Enter");
    await showsPiece(page, 90, "64 of 64 tokens visible");
    await page.locator('mdm-text-field[aria-label="Batch of step"] input').fill("89");
    await page.locator('mdm-text-field[aria-label="Batch of step"] input').press("Enter");
    await showsPiece(page, 89, "32 of 64 tokens visible");
    equal(await page.locator('.schedule-piece[aria-pressed="true"]').count(), 1);
    match(await page.locator(".facts").innerText(), /steps 60 to 89/);
  });

  it("looks right in dark and light", async () => {
    await editor.screenshot("schedule-dark");
    await editor.setTheme("light");
    await editor.screenshot("schedule-light");
    await editor.setTheme("dark");
  });

  it("is changed piece by piece in the file, whose comments stay", async () => {
    const page = await designer();
    const border = field(page, "Piece 1 until, step or share of the steps");
    await border.fill("40");
    await border.press("Enter");
    await field(page, "Mask rate of piece 2").fill("0.25");
    await field(page, "Mask rate of piece 2").press("Enter");
    await editor.save("both in the text", () => text().includes("{until: 40, rate: 0.9} # hardly"));
    await editor.save("both in the text", () => text().includes("{until: 0.75, rate: 0.25} # half"));
    await page.locator(".schedule button", { hasText: "Add a piece" }).click();
    await page.locator(".schedule-piece").nth(3).waitFor();
    await editor.save("a piece more", () =>
      text().includes("    - {until: 0.875, rate: 0}\n    - {rate: 0} # whole images\n"),
    );
    await page.locator('.schedule button[aria-label="Remove piece 4"]').click();
    await page.locator(".schedule-piece").nth(3).waitFor({ state: "detached" });
    await field(page, "Mask rate of piece 2").fill("0.5");
    await field(page, "Mask rate of piece 2").press("Enter");
    await editor.save("the text as it was", () => text() === TEXT.replace("until: 60", "until: 40"));
  });

  it("is trained with, border by border", async () => {
    const page = await designer();
    await page.locator(".head-actions mdm-button", { hasText: "Pretrain" }).click();
    const runs = join(folder.path, "runs");
    const runDir = (): string | undefined => {
      const names = existsSync(runs) ? readdirSync(runs) : [];
      return names.filter((name) => !name.startsWith(".")).map((name) => join(runs, name))[0];
    };
    await until(
      "a finished run",
      () => {
        const status = readStatus(runDir() ?? "");
        return status.ok && status.value.state === "finished";
      },
      60_000,
    );
    deepEqual(readFileSync(join(runDir()!, "log.txt"), "utf8").match(/mask\.rate\[.*/g), [
      "mask.rate[1], steps 40 to 89: S = 32 of 64 tokens",
      "mask.rate[2], steps 90 to 119: S = 64 of 64 tokens",
    ]);
  });
});

const field = (page: Frame, name: string) => page.locator(`mdm-text-field[aria-label="${name}"] input`);

/** Waits until the batch of a step is shown, with so much visible. */
async function showsPiece(page: Frame, step: number, visible: string): Promise<void> {
  await until(`the batch of step ${step}`, async () => {
    const shown = await page.locator('mdm-text-field[aria-label="Batch of step"] input').inputValue();
    const described = String(await page.locator(".cell").first().getAttribute("aria-label"));
    return shown === String(step) && described.includes(visible);
  });
}
