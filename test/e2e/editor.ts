import { mkdir } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Frame, Locator, Page } from "playwright-core";
import { OUT } from "../../scripts/vscode/paths.ts";
import { extensionHosts } from "../../scripts/vscode/processes.ts";
import { type Server, workbenchAddress } from "../../scripts/vscode/server.ts";
import { THEMES, type Theme } from "./themes.ts";
import { until } from "./until.ts";

const START_MS = 60_000;

/** Where `screenshot` puts its pictures; git ignores it. */
export const SCREENSHOTS = join(OUT, "screenshots");

/** A running VS Code. Every method fails with a picture of the moment, whose path is in the message. */
export class Editor {
  readonly page: Page;
  readonly browser: Browser;
  readonly server: Server;
  /** where the server keeps its logs and the user's settings */
  readonly dataFolder: string;
  readonly #close: () => Promise<void>;
  #workspace: string;

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
    this.#workspace = workspace;
    this.dataFolder = dataFolder;
    this.#close = close;
  }

  /** The folder that is open. */
  get workspace(): string {
    return this.#workspace;
  }

  /** Opens another folder in the window. */
  async openFolder(path: string): Promise<void> {
    this.#workspace = path;
    await this.page.goto(workbenchAddress(this.server, path));
    await this.ready();
  }

  /** Chooses a theme as a user does, and waits until the window and its webviews are in it. */
  async setTheme(theme: Theme): Promise<void> {
    const { file, label } = THEMES[theme];
    if ((await this.page.locator(`.monaco-workbench[class*="${file}"]`).count()) === 0) {
      await this.palette("Preferences: Color Theme");
      await this.#explained(`the theme "${label}" in the list`, async () => {
        await this.#input.fill(label);
        await this.#row(label).click();
        await this.#widget.waitFor({ state: "hidden" });
      });
    }
    await this.shows(theme);
  }

  /** Waits until the window and its webviews are in a theme. */
  async shows(theme: Theme): Promise<void> {
    const { file, kind } = THEMES[theme];
    await this.#explained(`the theme ${theme}`, async () => {
      await this.page.locator(`.monaco-workbench[class*="${file}"]`).waitFor();
      await until(`webviews in ${theme}`, async () => {
        const kinds = await Promise.all(this.#webviews().map(themeKind));
        return kinds.every((each) => each === kind);
      });
    });
  }

  /** Closes all files and panels, which are saved already; one that was closed is no more to be found by what it shows. */
  async closeAll(): Promise<void> {
    await this.palette("View: Close All Editors");
    await this.#explained("no editor to be open", async () => {
      await this.page.locator(".tabs-container .tab").first().waitFor({ state: "detached" });
      await until("the end of their pages", () => this.#webviews().length === 0);
    });
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
        await until("the palette closes", async () => {
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

  /**
   * Saves the active editor until its file holds what is awaited, and waits until the editor knows that it is saved: what a test writes into a file
   * meanwhile, the editor takes for what it saved itself, or for a conflict.
   */
  async save(what: string, holds: () => boolean): Promise<void> {
    const isSaved = async () => (await this.page.locator(".tab.dirty").count()) === 0;
    await until(what, async () => {
      if (!(await isSaved())) {
        await this.page.keyboard.press("Control+s");
        await until("a saved editor", isSaved);
      }
      return holds();
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
      await until(`a webview with ${marker}`, async () => {
        for (const candidate of this.#webviews()) if (await has(candidate, marker)) frame = candidate;
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
      await until("another extension host", () => {
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

  /** A webview is two frames in the page; the content is in the inner one. */
  #webviews(): Frame[] {
    return this.page.frames().filter((frame) => frame.parentFrame()?.parentFrame() != null);
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

/** What a webview says of its theme; undefined: it is just being loaded. */
async function themeKind(frame: Frame): Promise<string | undefined> {
  const kind = frame.evaluate<string | undefined>("document.body?.dataset.vscodeThemeKind").catch(() => undefined);
  return Promise.race([kind, sleep(1000, undefined)]);
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
