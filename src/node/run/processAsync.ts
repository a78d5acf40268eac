/** Looks for processes without blocking the event loop: on macOS and Windows another program has to be asked. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ProcessCheck, type ProcessIdentity, sameProcessTable } from "../../core/run/liveness.ts";
import {
  checkProcess,
  isThisProcess,
  type Lookup,
  parsePs,
  processExists,
  thisProcess,
  WINDOWS_PROGRAM,
  windowsScript,
} from "./process.ts";

const run = promisify(execFile);

async function lookupAsync(pid: number): Promise<Lookup> {
  if (!processExists(pid)) return { found: "gone" };
  try {
    if (process.platform === "win32") {
      const parameters = ["-NoProfile", "-NonInteractive", "-Command", windowsScript(pid)];
      const { stdout } = await run(WINDOWS_PROGRAM, parameters, { windowsHide: true, timeout: 20_000 });
      const time = stdout.trim();
      return /^\d+$/.test(time) ? { found: "alive", start: `win32:${time}` } : { found: "unknown" };
    }
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const { stdout } = await run("ps", ["-p", String(pid), "-o", "stat=", "-o", "lstart="], { env, timeout: 5000 });
    const ps = parsePs(stdout);
    return typeof ps === "string" ? { found: ps } : { found: "alive", start: `${process.platform}:${ps.seconds}` };
  } catch {
    return { found: processExists(pid) ? "unknown" : "gone" };
  }
}

/** Like checkProcess; where that would wait for another program, without blocking. */
export async function checkProcessAsync(identity: ProcessIdentity): Promise<ProcessCheck> {
  if (process.platform === "linux" || isThisProcess(identity)) return checkProcess(identity);
  if (!sameProcessTable(identity, thisProcess())) return "unknown";
  const found = await lookupAsync(identity.pid);
  if (found.found !== "alive") return found.found;
  return found.start === identity.processStart ? "alive" : "gone";
}
