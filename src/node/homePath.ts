/** Paths as people write them. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** With a leading ~ replaced by the user's home folder. A folder that is really called ~ is written as ./~ */
export function expandHome(path: string): string {
  if (path === "~") return homedir();
  return path.startsWith("~/") || (process.platform === "win32" && path.startsWith("~\\"))
    ? join(homedir(), path.slice(2))
    : path;
}

/** The absolute path that a text of an experiment file names. @param folder where relative paths start */
export function resolvePath(folder: string, path: string): string {
  return resolve(folder, expandHome(path));
}
