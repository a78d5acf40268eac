/** Where tfjs-node is installed for a user: a folder that outlives the extension, which an update puts into a new one. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };

/** The package that runs TensorFlow's C library. Typed as a string, so that types and bundle do without it. */
export const TFJS_NODE: string = "@tensorflow/tfjs-node";

/** Its version that belongs to this program's TensorFlow.js: the two share one engine. */
export const TFJS_NODE_VERSION = packageJson.optionalDependencies["@tensorflow/tfjs-node"].replace(/^\D+/, "");

/** What a folder depends on; another in tests. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

function here(): Surroundings {
  return { platform: process.platform, arch: process.arch, env: process.env, home: homedir() };
}

/** The folder for this program, this version of tfjs-node and this kind of machine. It is there only if it is complete. */
export function tensorflowFolder(at: Surroundings = here()): string {
  const name = `tfjs-node-${TFJS_NODE_VERSION}-${at.platform}-${at.arch}`;
  return join(userDataFolder(at), "maskdm-studio", "tensorflow", name);
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
