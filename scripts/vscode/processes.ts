import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The extension hosts that a server has started, by process id. */
export function extensionHosts(server: number): number[] {
  return processes()
    .filter((process) => process.parent === server && process.command.includes("--type=extensionHost"))
    .map((process) => process.pid);
}

/** Processes with a text in their command lines, by process id. */
export const processesWith = (text: string): number[] =>
  processes().flatMap(({ pid, command }) => (command.includes(text) ? [pid] : []));

/** Small systems have no `ps`; Linux needs none. */
function processes(): Process[] {
  if (process.platform === "linux") {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readLinuxProcess(Number(name)));
  }
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? "" }] : [];
  });
}

function readLinuxProcess(pid: number): Process[] {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return parent === undefined ? [] : [{ pid, parent: Number(parent), command }];
  } catch {
    return []; // it has ended in between
  }
}
