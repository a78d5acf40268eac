// Makes the pictures of the README and the walkthrough: npm run pictures
// Trains on the emoji in out/pictures/emoji (some minutes, kept for the next time), opens the built extension there in a dark and
// a light theme, and writes docs/images/studio-*.png and media/walkthrough/*.png, and docs/images/toy.png.
// With --demo DIR the pictures of a demo instead: what `npm start` has left in the runs folder DIR becomes docs/images/emoji-*.png.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { type Editor, launch, type Theme } from "../../test/e2e/driver.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import { drawnSvg } from "./drawnSvg.ts";

const WORKSPACE = join(OUT, "pictures", "emoji");
const FILE = "emoji.maskdm.yaml";
const RUNS = {
  high: "hidden-87-percent",
  half: "hidden-half",
  faces: "faces",
};
/** The pictures of the README, and the theme each is shown in. */
const README: Readonly<Record<string, Theme>> = {
  designer: "dark",
  experiment: "light",
  dashboard: "dark",
  samples: "light",
};
const IMAGES = join(ROOT, "docs/images");
/** Window in CSS pixels; the pictures are as large. */
const SIZE = { width: 1440, height: 900 };
/** Charts and images have settled. */
const SETTLE_MS = 1500;

const { values } = parseArgs({ options: { demo: { type: "string" } } });
if (values.demo === undefined) {
  prepare();
  await toy();
  for (const theme of ["dark", "light"] as const) await shoot(theme);
} else {
  await demo(values.demo);
}
process.exit();

async function toy(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-toy-"));
  try {
    const svg = join(folder, "toy.svg");
    command(["toy", "--out", svg]);
    writeFileSync(join(IMAGES, "toy.png"), await drawnSvg(readFileSync(svg, "utf8"), 968));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The samples byte for byte, and the curves, of the newest demo. */
async function demo(runs: string): Promise<void> {
  const run = readdirSync(runs)
    .map((name) => join(runs, name))
    .filter((path) => existsSync(join(path, "curves.svg")))
    .sort()
    .at(-1);
  if (run === undefined) throw new Error(`no run in ${runs} is of a demo: npm start`);
  const samples = readdirSync(join(run, "samples")).filter(
    (name) => name.endsWith(".png") && !name.includes("trajectory"),
  );
  cpSync(join(run, "samples", samples.sort().at(-1)!), join(IMAGES, "emoji-samples.png"));
  writeFileSync(join(IMAGES, "emoji-curves.png"), await drawnSvg(readFileSync(join(run, "curves.svg"), "utf8"), 640));
}

/** A workspace with three finished runs. */
function prepare(): void {
  if (!existsSync(join(WORKSPACE, FILE))) {
    mkdirSync(WORKSPACE, { recursive: true });
    cpSync(join(ROOT, "examples/emoji/images"), join(WORKSPACE, "images"), { recursive: true });
    cpSync(join(ROOT, "examples/emoji", FILE), join(WORKSPACE, FILE));
  }
  const common = ["--set", "pretrain.sample_every=200", "--set", "finetune.sample_every=175"];
  train(RUNS.high, ["pretrain", FILE, ...common, "--set", "pretrain.steps=1000"]);
  train(RUNS.half, ["pretrain", FILE, ...common, "--set", "mask.rate=0.5", "--set", "pretrain.steps=400"]);
  const faces = ["--set", "data.path=images/smileys", "--set", "finetune.steps=700", "--from", join("runs", RUNS.high)];
  train(RUNS.faces, ["finetune", FILE, ...common, ...faces]);
}

function train(name: string, args: readonly string[]): void {
  if (!existsSync(join(WORKSPACE, "runs", name))) command([...args, "--run", name]);
}

function command(args: readonly string[]): void {
  const program = join(ROOT, "dist/maskdm.js");
  const { status } = spawnSync(process.execPath, [program, ...args], {
    cwd: WORKSPACE,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
}

async function shoot(theme: Theme): Promise<void> {
  const good = readFileSync(join(WORKSPACE, FILE), "utf8");
  const settings = {
    "editor.minimap.enabled": false,
    "window.commandCenter": false,
    "workbench.layoutControl.enabled": false,
  };
  const editor = await launch({ workspace: WORKSPACE, theme, size: SIZE, settings });
  try {
    await editor.openFile(FILE);
    await editor.page.locator(".codelens-decoration").first().waitFor();
    await mistake(editor, theme, good);
    await designer(editor, theme);
    await dashboard(editor, theme);
  } finally {
    await editor.close();
    writeFileSync(join(WORKSPACE, FILE), good);
  }
}

/** Blocks that do not fit the grid, underlined, with the explanation. */
async function mistake(editor: Editor, theme: Theme, good: string): Promise<void> {
  writeFileSync(join(WORKSPACE, FILE), good.replace("block_size: 2", "block_size: 3"));
  const squiggle = editor.page.locator(".squiggly-error").first();
  await squiggle.waitFor();
  const { x, y, width, height } = (await squiggle.boundingBox())!;
  await editor.page.mouse.click(x + width / 2, y + height / 2);
  await editor.page.keyboard.press("Control+k");
  await editor.page.keyboard.press("Control+i");
  await editor.page.locator(".monaco-hover:not(.hidden) .hover-row").first().waitFor();
  await save(editor, "experiment", theme);
  writeFileSync(join(WORKSPACE, FILE), good);
  await squiggle.waitFor({ state: "detached" });
}

async function designer(editor: Editor, theme: Theme): Promise<void> {
  await editor.palette("MaskDM: Open Designer");
  const page = await editor.webview('body[data-view="designer"]');
  await page.locator(".preview canvas").first().waitFor();
  await editor.palette("View: Close Primary Side Bar").catch(() => editor.page.keyboard.press("Control+b"));
  await save(editor, "designer", theme);
  await editor.page.keyboard.press("Control+b");
}

async function dashboard(editor: Editor, theme: Theme): Promise<void> {
  await editor.palette("View: Close All Editors");
  await editor.palette("MaskDM: Compare Runs");
  const rows = editor.page.locator(".quick-input-list .monaco-list-row");
  for (const name of [RUNS.high, RUNS.half]) await rows.filter({ hasText: name }).first().click();
  await editor.page.keyboard.press("Enter");
  const page = await editor.webview('body[data-view="dashboard"]');
  await page.locator(".chart canvas").first().waitFor();
  await editor.page.locator('.activitybar [aria-label^="MaskDM"]').first().click();
  await editor.page.locator(".pane-body .monaco-list-row").nth(3).waitFor();
  // Over the loss, where the cross-hair then stands.
  await editor.page.mouse.move(SIZE.width * 0.62, SIZE.height * 0.3);
  await save(editor, "dashboard", theme);
  const left = { x: 0, y: 0, width: 620, height: 388 };
  await half(await editor.page.screenshot({ clip: left }), "explorer", theme);
  await editor.palette("View: Close All Editors");
  await editor.page.locator(".pane-body .monaco-list-row", { hasText: RUNS.faces }).first().click();
  await editor.palette("MaskDM: Open Dashboard");
  const faces = await editor.webview('body[data-view="dashboard"]');
  await faces.getByRole("tab", { name: "Samples" }).click();
  await save(editor, "samples", theme);
}

/** Few colours are enough for a window, and make a quarter of the size. */
async function save(editor: Editor, name: string, theme: Theme): Promise<void> {
  await sleep(SETTLE_MS);
  const shot = await editor.page.screenshot();
  if (README[name] === theme) {
    const small = sharp(shot).png({ palette: true, colours: 128, effort: 10 });
    await small.toFile(join(IMAGES, `studio-${name}-${theme}.png`));
  }
  await half(shot, name, theme);
}

/** The walkthrough shows pictures beside its text, half as wide. */
async function half(shot: Uint8Array, name: string, theme: Theme): Promise<void> {
  const folder = join(ROOT, "media/walkthrough");
  mkdirSync(folder, { recursive: true });
  const small = sharp(shot).resize({ width: 960 }).png({ palette: true, colours: 96, effort: 10 });
  await small.toFile(join(folder, `${name}-${theme}.png`));
}
