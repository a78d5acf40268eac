import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { findChromium, launchChromium } from "../../scripts/vscode/chromium.ts";
import { temporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { installServer } from "../../scripts/vscode/install.ts";
import { startServer, workbenchAddress } from "../../scripts/vscode/server.ts";
import { installVsix, linkExtension, linkFolder } from "../../scripts/vscode/vsix.ts";
import { Editor } from "./editor.ts";
import { THEMES, type Theme } from "./themes.ts";

export type { Editor, Theme };

const WAIT_MS = 15_000;

export interface LaunchOptions {
  /** the folder that is open, absolute */
  readonly workspace: string;
  readonly theme?: Theme;
  /** a packaged extension to install; without one the built extension of this repository is used as it is */
  readonly vsix?: string;
  /** folders of further extensions, each named after itself; not together with `vsix` */
  readonly extensions?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly size?: { readonly width: number; readonly height: number };
  /** of the picture's pixels to those of the page; 2 for pictures in documents */
  readonly scale?: number;
  /** variables that reach the extension host and the processes it starts */
  readonly env?: Readonly<Record<string, string>>;
}

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
    const extensionsFolder = options.vsix
      ? await extensionsWith(options.vsix, installed)
      : join(data.path, "extensions");
    if (!options.vsix) await linkExtension(extensionsFolder);
    for (const folder of options.extensions ?? [])
      await linkFolder(folder, `test.${basename(folder)}`, extensionsFolder);
    const server = await startServer({
      server: installed,
      dataFolder: join(data.path, "server"),
      extensionsFolder,
      settings: { "workbench.colorTheme": THEMES[theme].setting, ...options.settings },
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
    await editor.shows(theme);
    return editor;
  } catch (error) {
    await close();
    throw error;
  }
}

const withExtension = new Map<string, Promise<string>>();

/** A folder of extensions in which a package is installed: once, as a user does, for all editors of this process. */
function extensionsWith(vsix: string, server: string): Promise<string> {
  const known = withExtension.get(vsix);
  if (known !== undefined) return known;
  const installing = (async () => {
    const { path } = await temporaryFolder("maskdm-extensions-");
    process.once("exit", () => rmSync(path, { recursive: true, force: true }));
    const extensions = join(path, "extensions");
    await installVsix(server, vsix, extensions, join(path, "server"));
    return extensions;
  })();
  withExtension.set(vsix, installing);
  return installing;
}
