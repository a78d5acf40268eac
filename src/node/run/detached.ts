/** Starts processes that outlive the one that starts them. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { asDiskError } from "./diskError.ts";

/** How the trainer is run: a program, what comes before the command's own arguments, and what it needs in its environment. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The trainer that this process is. */
export const thisProgram = (): Program => ({
  command: process.execPath,
  args: process.argv.slice(1, 2),
  env: {},
});

/** This process's environment without what an editor puts into those of its own processes. */
export function cleanEnvironment(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("VSCODE_"));
  return { ...Object.fromEntries(kept), ORT_DISABLE_TELEMETRY: "1", ...added };
}

/**
 * Starts a process in a session of its own, with its output in a file: it lives on when this one ends, however it ends.
 * @param mode a: after what the file holds; w: in its place
 * @throws UserError if the disk refuses the file
 */
export function spawnDetached(
  program: Program,
  args: readonly string[],
  { cwd, logFile, mode }: { readonly cwd: string; readonly logFile: string; readonly mode: "a" | "w" },
): ChildProcess {
  let fd: number;
  try {
    mkdirSync(dirname(logFile), { recursive: true });
    fd = openSync(logFile, mode);
  } catch (error) {
    throw asDiskError(error, { path: logFile });
  }
  try {
    const child = spawn(program.command, [...program.args, ...args], {
      cwd,
      detached: true,
      windowsHide: true,
      env: cleanEnvironment(program.env),
      stdio: ["ignore", fd, fd],
    });
    child.unref();
    return child;
  } finally {
    closeSync(fd);
  }
}
