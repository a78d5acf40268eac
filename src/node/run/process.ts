/** Names processes for good (an id alone is used again) and tells whether one still lives. */
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type ProcessCheck, type ProcessIdentity, sameProcessTable } from "../../core/run/liveness.ts";
import { errorCode } from "./files.ts";

/** A process looked up by id: its identity's `processStart`, or that there is none, or that it cannot be told. */
export type Lookup = { readonly found: "alive"; readonly start: string } | { readonly found: "gone" | "unknown" };

/**
 * Reads /proc/<pid>/stat: field 3 is the state, field 22 the start time in clock ticks since boot. The name in field 2 may hold
 * spaces and parentheses. Zombies (Z) and dead ones (X) are gone.
 */
export function parseProcStat(stat: string): { ticks: string } | "gone" | "unknown" {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return "gone";
  const ticks = fields[19];
  return ticks !== undefined && /^\d+$/.test(ticks) ? { ticks } : "unknown";
}

/** Reads `ps -o stat= -o lstart=` (C locale, UTC), e.g. "S+   Sun Nov 22 21:41:00 2026": seconds since 1970. */
export function parsePs(output: string): { seconds: number } | "gone" | "unknown" {
  const match = /^\s*(\S+)\s+(.+?)\s*$/.exec(output);
  if (match === null) return output.trim() === "" ? "gone" : "unknown";
  if (match[1]!.startsWith("Z")) return "gone";
  const milliseconds = Date.parse(`${match[2]} UTC`);
  return Number.isNaN(milliseconds) ? "unknown" : { seconds: milliseconds / 1000 };
}

let linuxTable: string | undefined;

function lookupLinux(pid: number): Lookup {
  linuxTable ??= `linux:${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${
    /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0"
  }`;
  const stat = parseProcStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  return typeof stat === "string" ? { found: stat } : { found: "alive", start: `${linuxTable}:${stat.ticks}` };
}

/** With `ps`: macOS and the BSDs. */
export function lookupPs(pid: number): Lookup {
  const environment = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const ps = parsePs(
    execFileSync("ps", ["-p", String(pid), "-o", "stat=", "-o", "lstart="], {
      encoding: "utf8",
      env: environment,
      timeout: 5000,
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  return typeof ps === "string" ? { found: ps } : { found: "alive", start: `${process.platform}:${ps.seconds}` };
}

export const WINDOWS_PROGRAM = "powershell.exe";
export const windowsScript = (pid: number): string =>
  `(Get-Process -Id ${pid} -ErrorAction Stop).StartTime.ToFileTimeUtc()`;

function lookupWindows(pid: number): Lookup {
  const output = execFileSync(WINDOWS_PROGRAM, ["-NoProfile", "-NonInteractive", "-Command", windowsScript(pid)], {
    encoding: "utf8",
    windowsHide: true,
    timeout: 20_000,
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  return /^\d+$/.test(output) ? { found: "alive", start: `win32:${output}` } : { found: "unknown" };
}

/** Whether the system knows the id; a zombie counts, and so does another process that got the same id. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH"; // EPERM: it exists and belongs to somebody else
  }
}

/** Looks for a process of this machine. */
export function lookupProcess(pid: number): Lookup {
  if (!processExists(pid)) return { found: "gone" };
  try {
    if (process.platform === "linux") return lookupLinux(pid);
    return process.platform === "win32" ? lookupWindows(pid) : lookupPs(pid);
  } catch {
    return { found: processExists(pid) ? "unknown" : "gone" };
  }
}

let own: ProcessIdentity | undefined;

/** A process of this machine. Where its start time cannot be found out, the time of asking stands for it. */
export function identityOf(pid: number): ProcessIdentity {
  const found = lookupProcess(pid);
  const processStart = found.found === "alive" ? found.start : `${process.platform}:unreadable:${Date.now()}`;
  return { host: hostname(), pid, processStart };
}

export function thisProcess(): ProcessIdentity {
  own ??= identityOf(process.pid);
  return own;
}

export const isSameProcess = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.host === b.host && a.pid === b.pid && a.processStart === b.processStart;

export const isThisProcess = (identity: ProcessIdentity): boolean => isSameProcess(identity, thisProcess());

/** Whether a process recorded earlier, perhaps on another host or before a reboot, still lives. */
export function checkProcess(identity: ProcessIdentity): ProcessCheck {
  if (isThisProcess(identity)) return "alive";
  if (!sameProcessTable(identity, thisProcess())) return "unknown";
  const found = lookupProcess(identity.pid);
  if (found.found !== "alive") return found.found;
  return found.start === identity.processStart ? "alive" : "gone";
}
