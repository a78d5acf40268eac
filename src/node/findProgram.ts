import { accessSync, constants, existsSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/** What Windows takes for a program where PATHEXT is not set. */
const EXTENSIONS = ".com;.exe;.bat;.cmd";

/**
 * Where a program is that a shell finds by its name, or itself where it is named by a path; null: it is not there.
 * @param env in any case, as a copy of the environment has lost Windows' way of reading it
 */
export function findProgram(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string | null {
  const isWindows = platform === "win32";
  const value = (wanted: string): string | undefined =>
    Object.entries(env).find(([key]) => (isWindows ? key.toUpperCase() : key) === wanted)?.[1];
  const extensions = isWindows ? (value("PATHEXT") || EXTENSIONS).toLowerCase().split(";") : [""];
  const isThere = isWindows ? existsSync : isProgram;
  if (isAbsolute(name) || /[/\\]/.test(name)) return ["", ...extensions].map((end) => name + end).find(isThere) ?? null;
  const folders = (value("PATH") ?? "").split(isWindows ? ";" : ":").map((folder) => folder.replaceAll('"', "").trim());
  const files = folders
    .filter((folder) => folder !== "")
    .flatMap((folder) => extensions.map((end) => join(folder, name + end)));
  return files.find(isThere) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
