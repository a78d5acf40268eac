import { mkdir } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Frame, Locator, Page } from "playwright-core";
import { findChromium, launchChromium } from "../../scripts/vscode/chromium.ts";
import { temporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { installServer } from "../../scripts/vscode/install.ts";
import { OUT } from "../../scripts/vscode/paths.ts";
import { extensionHosts } from "../../scripts/vscode/processes.ts";
import { type Server, startServer, workbenchAddress } from "../../scripts/vscode/server.ts";
import { installVsix, linkExtension } from "../../scripts/vscode/vsix.ts";

export type Theme = "dark" | "light" | "hc";

export interface LaunchOptions {
  /** the folder that is open, absolute */
  readonly workspace: string;
  readonly theme?: Theme;
  /** a packaged extension to install; without one the built extension of this repository is used as it is */
  readonly vsix?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly size?: { readonly width: number; readonly height: number };
  /** of the picture's pixels to those of the page; 2 for pictures in documents */
  readonly scale?: number;
  /** variables that reach the extension host and the processes it starts */
  readonly env?: Readonly<Record<string, string>>;
}

/** Each theme's name in the settings, and the part of the workbench's class that tells that it is loaded. */
const THEMES: Readonly<Record<Theme, { readonly name: string; readonly file: string }>> = {
  dark: { name: "Default Dark Modern", file: "dark_modern" },
  light: { name: "Default Light Modern", file: "light_modern" },
  hc: { name: "Default High Contrast", file: "hc_black" },
};

const WAIT_MS = 15_000;
const START_MS = 60_000;

/** Where `screenshot` puts its pictures; git ignores it. */
export const SCREENSHOTS = join(OUT, "screenshots");

/**
 * The package that this run tests.
 * @throws Error outside of `npm run test:e2e`, which makes it
 */
export function packagedExtension(): string {
  const file = process.env["MASKDM_VSIX"];
  if (!file) throw new Error("MASKDM_VSIX names no package; run the tests with: npm run test:e2e");
  return file;
}

/**
 * Starts a real VS Code in Chromium, with the extension in it and a folder open, and waits for the extension's icon in the activity bar.
 * @throws Error where it does not come up; a picture of how far it came is in SCREENSHOTS
 */
export async function launch(options: LaunchOptions): Promise<Editor> {
  const found = await findChromium();
  if (found.kind === "missing") throw new Error(found.reason);
  const installed = await installServer();
  const theme = options.theme ?? "dark";
  const data = await temporaryFolder("maskdm-vscode-");
  const closers: (() => Promise<void>)[] = [data.remove];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const extensionsFolder = join(data.path, "extensions");
    if (options.vsix) await installVsix(installed, options.vsix, extensionsFolder, join(data.path, "server"));
    else await linkExtension(extensionsFolder);
    const server = await startServer({
      server: installed,
      dataFolder: join(data.path, "server"),
      extensionsFolder,
      settings: { "workbench.colorTheme": THEMES[theme].name, ...options.settings },
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    closers.push(server.stop);
    const browser = await launchChromium(found.path);
    closers.push(() => browser.close());
    const context = await browser.newContext({
      viewport: options.size ?? { width: 1280, height: 800 },
      deviceScaleFactor: options.scale ?? 1,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    // Nothing reaches out: what the workbench would load from elsewhere fails at once.
    await context.route(
      (url) => url.hostname !== "127.0.0.1" && url.protocol.startsWith("http"),
      (route) => route.abort(),
    );
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const editor = new Editor(page, browser, server, options.workspace, join(data.path, "server"), close);
    await page.goto(workbenchAddress(server, options.workspace));
    await editor.ready();
    await page.locator(`.monaco-workbench[class*="${THEMES[theme].file}"]`).waitFor();
    return editor;
  } catch (error) {
    await close();
    throw error;
  }
}

/** A running VS Code. Every method fails with a picture of the moment, whose path is in the message. */
export class Editor {
  readonly page: Page;
  readonly browser: Browser;
  readonly server: Server;
  readonly workspace: string;
  /** where the server keeps its logs and the user's settings */
  readonly dataFolder: string;
  readonly #close: () => Promise<void>;

  constructor(
    page: Page,
    browser: Browser,
    server: Server,
    workspace: string,
    dataFolder: string,
    close: () => Promise<void>,
  ) {
    this.page = page;
    this.browser = browser;
    this.server = server;
    this.workspace = workspace;
    this.dataFolder = dataFolder;
    this.#close = close;
  }

  /** Waits until the workbench is up and the extension's icon is in the activity bar. */
  async ready(): Promise<void> {
    await this.#explained("the workbench with MaskDM's icon", async () => {
      await this.page.locator(".monaco-workbench").waitFor({ timeout: START_MS });
      await this.page.locator(".explorer-folders-view .monaco-list-row").first().waitFor({ timeout: START_MS });
      await this.page.locator('.activitybar [aria-label^="MaskDM"]').first().waitFor({ timeout: START_MS });
    });
  }

  /** Runs a command by its title in the command palette, such as "MaskDM: Open Designer". */
  async palette(title: string): Promise<void> {
    await this.#explained(`the command "${title}"`, () =>
      // The palette is filled while it is typed into; a row may be another one by the time it is clicked.
      retry(3, async () => {
        await this.page.keyboard.press("Escape");
        await this.page.keyboard.press("F1");
        await this.#input.fill(`>${title}`);
        await this.#row(title).click();
        await this.#until("the palette closes", async () => {
          if (!(await this.#widget.isVisible())) return true;
          return !(await this.#input.inputValue().catch(() => "")).startsWith(">");
        });
      }),
    );
  }

  /** Opens a file of the workspace, named by its path in it or absolutely, in the editor that is its default. */
  async openFile(path: string): Promise<void> {
    const absolute = isAbsolute(path) ? path : join(this.workspace, path);
    await this.#explained(`the file ${path}`, () =>
      retry(3, async () => {
        await this.page.keyboard.press("Escape");
        await this.page.keyboard.press("Control+p");
        await this.#input.fill(absolute);
        await this.#row(basename(absolute)).click();
        await this.tab(basename(absolute)).waitFor();
      }),
    );
  }

  /** The tab with this title. */
  tab(title: string): Locator {
    return this.page
      .locator(`.tabs-container .tab[data-resource-name="${title}"], .tabs-container .tab`, {
        hasText: title,
      })
      .first();
  }

  /** Types into the quick input that is open (after `palette`), and accepts it. */
  async answer(text: string): Promise<void> {
    await this.#explained(`a question to answer with "${text}"`, async () => {
      await this.#input.fill(text);
      await this.#input.press("Enter");
    });
  }

  /** Picks a row of the list that is open (after `palette`), by its label. */
  async pick(label: string): Promise<void> {
    await this.#explained(`the choice "${label}"`, () => this.#row(label).click());
  }

  /**
   * Waits for a webview.
   * @param marker a CSS selector that only this webview's document matches, such as `body[data-view="designer"]`
   */
  async webview(marker: string): Promise<Frame> {
    return this.#explained(`a webview with ${marker}`, async () => {
      let frame: Frame | undefined;
      await this.#until(`a webview with ${marker}`, async () => {
        for (const candidate of this.page.frames()) {
          // A webview is two frames in the page; the content is in the inner one.
          if (candidate.parentFrame()?.parentFrame() == null) continue;
          if (await has(candidate, marker)) frame = candidate;
        }
        return frame !== undefined;
      });
      return frame!;
    });
  }

  /**
   * Saves a picture of the window.
   * @param name the file's name without its extension, or an absolute path
   * @returns its path
   */
  async screenshot(name: string): Promise<string> {
    const path = isAbsolute(name) ? name : join(SCREENSHOTS, `${name}.png`);
    await mkdir(join(path, ".."), { recursive: true });
    await this.page.screenshot({ path });
    return path;
  }

  /** Reloads the window by the editor's own command, which saves what is open before. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent("load", { timeout: START_MS });
    await this.#explained("the window to be reloaded", async () => {
      await this.page.keyboard.press("Escape");
      await this.page.keyboard.press("F1");
      await this.#input.fill(">Developer: Reload Window");
      await this.#row("Developer: Reload Window").click();
      await loaded;
    });
    await this.ready();
  }

  /**
   * Ends the extension host the hard way, as a crash would, and waits until the editor has started another.
   * @returns the process ids of the old and the new one
   */
  async killExtensionHost(): Promise<{ readonly before: number; readonly after: number }> {
    return this.#explained("another extension host", async () => {
      const hosts = extensionHosts(this.server.pid);
      const before = hosts[0];
      if (before === undefined) throw new Error("there is no extension host");
      for (const pid of hosts) process.kill(pid, "SIGKILL");
      let after: number | undefined;
      await this.#until("another extension host", () => {
        after = extensionHosts(this.server.pid).find((pid) => !hosts.includes(pid));
        return after !== undefined;
      });
      return { before, after: after! };
    });
  }

  /** Ends the browser and the server, and removes what they wrote; detached processes go on. */
  async close(): Promise<void> {
    // The window is left first: an editor that is cut off while it saves its state says so on the next start.
    await this.page.goto("about:blank").catch(() => undefined);
    await this.#close();
  }

  get #widget(): Locator {
    return this.page.locator(".quick-input-widget");
  }

  get #input(): Locator {
    return this.page.locator(".quick-input-widget .quick-input-filter input[type=text]");
  }

  #row(label: string): Locator {
    const exactly = new RegExp(`^\\s*${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`);
    return this.page
      .locator(".quick-input-list .monaco-list-row")
      .filter({ has: this.page.locator(".quick-input-list-rows .label-name, .label-name", { hasText: exactly }) })
      .first();
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
      await sleep(100);
    }
  }

  async #explained<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const picture = await this.screenshot(`failed-${Date.now()}`).catch(() => "none could be taken");
      throw new Error(`waiting for ${what}: ${message}\npicture of the moment: ${picture}`, { cause: error });
    }
  }
}

/** A frame that is just being loaded does not answer; it is asked again later. */
async function has(frame: Frame, marker: string): Promise<boolean> {
  const count = frame
    .locator(marker)
    .count()
    .catch(() => 0);
  return (await Promise.race([count, sleep(1000, 0)])) > 0;
}

async function retry(times: number, action: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === times) throw error;
    }
  }
}
