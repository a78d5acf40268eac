/** What a user sees of an error, and with which exit code the process ends. */
import { CommanderError } from "commander";
import { UserError } from "../../core/errors.ts";
import type { Io } from "./io.ts";

/** 0 fine, 1 the work failed, 2 bad usage or bad input. */
export type ExitCode = 0 | 1 | 2;

/** Ends a command whose output already says everything: nothing more is printed. */
export class CommandExit extends Error {
  override readonly name = "CommandExit";
  constructor(readonly exitCode: ExitCode) {
    super(`exit code ${exitCode}`);
  }
}

const SYSTEM_ERRORS: Readonly<Record<string, { text: string; exitCode: 1 | 2 }>> = {
  ENOENT: { text: "there is no such file or folder", exitCode: 2 },
  ENOTDIR: { text: "a part of the path is a file, not a folder", exitCode: 2 },
  EISDIR: { text: "this is a folder, a file was expected", exitCode: 2 },
  EACCES: { text: "permission denied", exitCode: 2 },
  EPERM: { text: "the system does not permit it", exitCode: 2 },
  EROFS: { text: "the file system is read-only", exitCode: 1 },
  ENOSPC: { text: "the disk is full; free some space and try again", exitCode: 1 },
  EDQUOT: { text: "the disk quota is used up; free some space and try again", exitCode: 1 },
  EMFILE: { text: "too many files are open; raise the limit (ulimit -n)", exitCode: 1 },
  EIO: { text: "the disk reports an input/output error", exitCode: 1 },
};

/**
 * Prints an error as the user should see it and returns the exit code. Details (stack traces) are shown with MASKDM_DEBUG=1 only.
 */
export function reportError(error: unknown, io: Io, debug: boolean): ExitCode {
  if (error instanceof CommandExit) return error.exitCode;
  // commander has printed its message; asking for help or the version is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const exitCode = printError(error, io);
  if (debug && error instanceof Error) io.stderr(error.stack ?? String(error));
  return exitCode;
}

function printError(error: unknown, io: Io): ExitCode {
  if (error instanceof UserError) {
    io.stderr(`error: ${error.message}`);
    return error.kind === "input" ? 2 : 1;
  }
  const system = systemError(error);
  if (system !== null) {
    io.stderr(`error: ${system.message}`);
    return system.exitCode;
  }
  const [summary = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  io.stderr(`error: something unexpected went wrong: ${summary || "no message"} (MASKDM_DEBUG=1 shows the details)`);
  return 1;
}

function systemError(error: unknown): { message: string; exitCode: 1 | 2 } | null {
  if (!(error instanceof Error)) return null;
  const { code, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const known = code === undefined ? undefined : SYSTEM_ERRORS[code];
  if (known === undefined) return null;
  const place = dest ?? path;
  return { message: place === undefined ? known.text : `${place}: ${known.text}`, exitCode: known.exitCode };
}
