/**
 * Whether this process was started so that a hangup (a closed terminal, a lost connection) does not end it.
 *
 * `nohup` and `trap '' HUP` start programs with SIGHUP ignored, which programs inherit. Node sets every signal back to its default
 * before any of our code runs, and the system does not remember what was. What is left are the signs by which such a start is known.
 */
import { fstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { isatty } from "node:tty";

/** What is looked at; see `hangupWasIgnored`. */
export interface StartSigns {
  /** the variable `_`, in which bash, zsh and ksh leave the path of the program that they start */
  readonly startedProgram: string | undefined;
  /** whether stdout or stderr is a terminal */
  readonly writesToTerminal: boolean;
  /** whether stdout or stderr is the file `nohup.out` */
  readonly writesToNohupOut: boolean;
  /** whether stdin is /dev/null, opened for writing only */
  readonly stdinCannotBeRead: boolean;
  /** whether the process that started this one ignores SIGHUP */
  readonly parentIgnores: boolean;
}

/**
 * - The parent ignores it, as a script under nohup does: then it was handed on.
 * - stdin is /dev/null and cannot be read: GNU's nohup opens it so in place of a terminal, and nobody else does.
 * - Output goes to nohup.out, where every nohup sends that of a terminal.
 * - The shell started nohup, which then became this program. nohup leaves no output on a terminal, so that the variable may have
 *   come down from an ancestor if there is some.
 */
export function ignoredBySigns(signs: StartSigns): boolean {
  if (signs.parentIgnores || signs.stdinCannotBeRead || signs.writesToNohupOut) return true;
  return basename(signs.startedProgram ?? "") === "nohup" && !signs.writesToTerminal;
}

/** Looks at how this process was started. To be asked early: a parent may end. */
export function hangupWasIgnored(): boolean {
  if (process.platform === "win32") return false;
  return ignoredBySigns({
    startedProgram: process.env["_"],
    writesToTerminal: isatty(1) || isatty(2),
    writesToNohupOut: isNohupOut(1) || isNohupOut(2),
    stdinCannotBeRead: isUnreadableNull(),
    parentIgnores: parentIgnoresHangup(),
  });
}

function isNohupOut(fd: number): boolean {
  try {
    const { dev, ino } = fstatSync(fd);
    return [process.cwd(), homedir()].some((folder) => {
      const file = statSync(join(folder, "nohup.out"), { throwIfNoEntry: false });
      return file?.dev === dev && file.ino === ino;
    });
  } catch {
    return false; // closed, or a folder that may not be looked into
  }
}

/** Linux tells how a file was opened. */
function isUnreadableNull(): boolean {
  try {
    if (readlinkSync("/proc/self/fd/0") !== "/dev/null") return false;
    const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8")) ?? [];
    return (Number.parseInt(flags, 8) & 3) === 1; // O_WRONLY
  } catch {
    return false;
  }
}

/** Linux tells which signals a process ignores: bit n - 1 is signal n, and SIGHUP is 1. */
function parentIgnoresHangup(): boolean {
  try {
    const [, mask = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, "utf8")) ?? [];
    return (Number.parseInt(mask.slice(-1), 16) & 1) === 1;
  } catch {
    return false;
  }
}
