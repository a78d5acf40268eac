/** Where this program keeps what belongs to one user on one machine, whatever experiment or version of it is at work. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What a folder depends on; another in tests. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

export function thisSurroundings(): Surroundings {
  return { platform: process.platform, arch: process.arch, env: process.env, home: homedir() };
}

/** A folder of this program's own; not made by this. */
export function userFolder(name: string, at: Surroundings = thisSurroundings()): string {
  return join(userDataFolder(at), "maskdm-studio", name);
}

/** Where a system wants programs to keep what belongs to one user and is not made again by itself. */
function userDataFolder({ platform, env, home }: Surroundings): string {
  if (platform === "win32") return absolute(env["LOCALAPPDATA"]) ?? join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Application Support");
  return absolute(env["XDG_DATA_HOME"]) ?? join(home, ".local", "share");
}

/** The XDG specification has relative paths ignored. */
function absolute(path: string | undefined): string | null {
  return path !== undefined && isAbsolute(path) ? path : null;
}
