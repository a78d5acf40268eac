/** The package tfjs-node with its dependencies, by npm. */
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { essence, runTool, type ToolOptions } from "../tools/runTool.ts";
import { TFJS_NODE, TFJS_NODE_VERSION } from "./tensorflowFolder.ts";

/** What the binding is compiled against: the declarations of Node's C interface, without a download of Node's own headers. */
export const NODE_HEADERS = "node-api-headers";
export const NODE_HEADERS_VERSION = "1.9.0";

const QUIET = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];

/**
 * Puts the package into the node_modules of an empty folder. No install script is run.
 * @throws UserError where npm is missing or fails
 */
export async function fetchPackage(options: ToolOptions): Promise<void> {
  const manifest = {
    private: true,
    dependencies: { [TFJS_NODE]: TFJS_NODE_VERSION, [NODE_HEADERS]: NODE_HEADERS_VERSION },
    // npm runs the install scripts that are named here, and later versions of it no others.
    allowScripts: { [TFJS_NODE]: true },
  };
  await writeFile(join(options.cwd, "package.json"), JSON.stringify(manifest, null, 2));
  const result = await npm(["install", "--ignore-scripts", "--no-package-lock", ...QUIET], options);
  if (result.ok) return;
  throw new UserError(
    result.missing
      ? "npm is not found. It comes with Node.js: install that from https://nodejs.org and open a new terminal. Neither the editor nor this program brings npm."
      : `npm could not fetch ${TFJS_NODE} ${TFJS_NODE_VERSION}:\n    ${essence(result.output)}\n  Is its registry reachable? \`npm config get registry\` names it.`,
    "failure",
  );
}

/**
 * Runs the package's own install script, which downloads TensorFlow's library and the compiled binding; also where npm is set to run none, as in
 * this repository: it was asked for.
 * @throws UserError where that fails
 */
export async function runInstallScript(options: ToolOptions): Promise<void> {
  const result = await npm(["rebuild", TFJS_NODE, "--ignore-scripts=false", "--foreground-scripts", ...QUIET], options);
  if (result.ok) return;
  throw new UserError(`the install script of ${TFJS_NODE} failed:\n    ${essence(result.output)}`, "failure");
}

function npm(args: readonly string[], options: ToolOptions) {
  return runTool("npm", args, options);
}

/** Removes what only developers of the packages need; that is more than half. */
export async function removeSuperfluous(folder: string): Promise<void> {
  const modules = join(folder, "node_modules");
  for (const entry of await readdir(modules, { recursive: true, withFileTypes: true })) {
    // Before Node 20.12 it is called `path`.
    if (entry.isFile() && entry.name.endsWith(".map")) await rm(join(entry.parentPath ?? entry.path, entry.name));
  }
  const superfluous = [NODE_HEADERS, `${TFJS_NODE}/deps/include`, `${TFJS_NODE}/build`];
  for (const name of superfluous) await rm(join(modules, name), { recursive: true, force: true });
}
