import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { CACHE } from "./paths.ts";
import { CannotRun } from "./testResult.ts";

/** The npm package that carries VS Code's own server, here 1.100.3, for Node 20. */
const SERVER = "code-server@4.100.3";
const RIPGREP = `@vscode/ripgrep-${process.platform}-${process.arch}@1.18.0`;

/** Stands in for a native module that is not compiled here: appends to the log files as the native one does, unbuffered. */
const SPDLOG = `
const { appendFileSync } = require("node:fs");
const LEVELS = ["trace", "debug", "info", "warn", "error", "critical"];
let least = 2;
class Logger {
  constructor(_kind, _name, file) { this.file = file; this.level = least; this.plain = false; }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  clearFormatters() { this.plain = true; }
  setPattern() {}
  flush() {}
  drop() {}
  write(level, text) {
    if (level < this.level) return;
    const time = new Date().toISOString().replace("T", " ").replace("Z", "");
    try {
      appendFileSync(this.file, this.plain ? text : time + " [" + LEVELS[level] + "] " + text + "\\n");
    } catch {}
  }
}
for (const [level, name] of LEVELS.entries()) Logger.prototype[name] = function (text) { this.write(level, text); };
const create = async (name, file) => new Logger("rotating", name, file);
// One by one: so Node finds their names when the server imports this as an ES module.
exports.version = 0;
exports.Logger = Logger;
exports.setLevel = (level) => { least = level; };
exports.setFlushOn = () => {};
exports.shutdown = () => {};
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

/** The watchdog would end the server when its parent dies; here the scripts end it. */
const STAND_INS: Readonly<Record<string, string>> = {
  "@vscode/spdlog": SPDLOG,
  "native-watchdog": "module.exports = { start() {} };\n",
};

/**
 * Installs the VS Code server from npm into the cache, unless it is there already: no compiler and no download but npm's.
 * @returns its folder
 * @throws CannotRun saying which step failed
 */
export async function installServer(): Promise<string> {
  const folder = join(CACHE, SERVER.replace("@", "-"));
  if (existsSync(folder)) return folder;
  console.log(`Installing ${SERVER} into ${CACHE} (once) …`);
  await mkdir(CACHE, { recursive: true });
  const building = await mkdtemp(join(CACHE, "installing-"));
  try {
    await fill(building).catch((error: unknown) => {
      throw new CannotRun(`${SERVER} could not be installed: ${error instanceof Error ? error.message : error}`);
    });
    // The last step, and one that either happens or does not: a folder of the final name is a whole installation.
    await rename(join(building, "package/lib/vscode"), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another run was faster
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return folder;
}

async function fill(building: string): Promise<void> {
  await unpack(SERVER, building, "package/lib/vscode");
  const server = join(building, "package/lib/vscode");
  await runCommand("npm", ["ci", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"], {
    cwd: server,
  });
  await unpack(RIPGREP, join(building, "ripgrep"), "package/bin");
  const bin = join(server, "node_modules/@vscode/ripgrep/bin");
  await mkdir(bin, { recursive: true });
  for (const name of await readdir(join(building, "ripgrep/package/bin"))) {
    await copyFile(join(building, "ripgrep/package/bin", name), join(bin, name));
  }
  for (const [name, code] of Object.entries(STAND_INS)) {
    const packageFolder = join(server, "node_modules", name);
    await mkdir(packageFolder, { recursive: true });
    await writeFile(
      join(packageFolder, "package.json"),
      JSON.stringify({ name, version: "0.0.0", main: "./index.js", type: "commonjs" }),
    );
    await writeFile(join(packageFolder, "index.js"), code);
  }
}

async function unpack(name: string, folder: string, part: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const packed = await runCommand("npm", ["pack", "--silent", "--ignore-scripts", name], { cwd: folder });
  const file = packed.trim().split("\n").at(-1)?.trim();
  if (!file) throw new Error(`npm pack ${name} named no file`);
  await runCommand("tar", ["-xzf", file, "--exclude=*.map", part], { cwd: folder });
  await rm(join(folder, file));
}
