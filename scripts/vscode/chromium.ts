import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { runCommand } from "./command.ts";

export type Chromium =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

const VARIABLES = ["MASKDM_CHROMIUM", "CHROME_PATH"] as const;
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--force-color-profile=srgb",
];

/** Finds a Chromium, or installs Debian's where this user may. What it does on the way is printed. */
export async function findChromium(): Promise<Chromium> {
  for (const name of VARIABLES) {
    const path = process.env[name];
    if (!path) continue;
    if (isProgram(path)) return { kind: "found", path };
    return { kind: "missing", reason: `${name} names ${path}, which is no program` };
  }
  const found = look();
  if (found) return { kind: "found", path: found };
  const hint = `install Chromium or Chrome, or name one in ${VARIABLES[0]}`;
  if (process.platform !== "linux" || !existsSync("/usr/bin/apt-get")) {
    return { kind: "missing", reason: `there is no Chromium here: ${hint}` };
  }
  if (process.getuid?.() !== 0) {
    return { kind: "missing", reason: `there is no Chromium here: run "sudo apt-get install chromium", or ${hint}` };
  }
  console.log("There is no Chromium here: installing it with apt-get …");
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await runCommand("apt-get", ["update", "-qq"], { env, timeoutMs: 300_000 });
    const install = ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"];
    await runCommand("apt-get", install, { env, timeoutMs: 600_000 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "missing", reason: `apt-get could not install Chromium: ${message}\n${hint}` };
  }
  const installed = look();
  // On Ubuntu the package "chromium" is only a pointer to a snap, which does not run as root in a container.
  return installed
    ? { kind: "found", path: installed }
    : { kind: "missing", reason: `apt-get installed no usable Chromium: ${hint}` };
}

/** @throws Error where the browser does not start */
export function launchChromium(path: string): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: FLAGS });
}

function look(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const named = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...named, ...PLACES, chromium.executablePath()].find((path) => isProgram(path) && runs(path));
}

/** Ubuntu has a /usr/bin/chromium-browser that only says how to get the browser as a snap. */
function runs(path: string): boolean {
  return process.platform === "win32" || spawnSync(path, ["--version"], { timeout: 20_000 }).status === 0;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
