import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. Scripts are bundled to out/, so it is looked for upwards of the running file. */
export const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

/** What is downloaded for tests, kept between runs; git ignores it. */
export const CACHE = join(ROOT, ".vscode-test");

/** What tests and scripts make; git ignores it. */
export const OUT = join(ROOT, "out");

function findRoot(folder: string): string {
  if (existsSync(join(folder, "package-lock.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package-lock.json above ${import.meta.url}`);
  return findRoot(parent);
}
