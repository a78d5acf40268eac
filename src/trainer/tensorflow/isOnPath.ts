import { existsSync } from "node:fs";
import { join } from "node:path";

/** What Windows takes for a program where PATHEXT is not set. */
const EXTENSIONS = ".com;.exe;.bat;.cmd";

/**
 * Whether a shell of Windows finds a program by its name.
 * @param env in any case, as a copy of the environment has lost Windows' way of reading it
 */
export function isOnPath(name: string, env: NodeJS.ProcessEnv): boolean {
  const value = (wanted: string): string | undefined =>
    Object.entries(env).find(([key]) => key.toUpperCase() === wanted)?.[1];
  const folders = (value("PATH") ?? "").split(";").map((folder) => folder.replaceAll('"', "").trim());
  const extensions = (value("PATHEXT") || EXTENSIONS).toLowerCase().split(";");
  return folders.some(
    (folder) => folder !== "" && extensions.some((extension) => existsSync(join(folder, name + extension))),
  );
}
