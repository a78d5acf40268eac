import { isatty } from "node:tty";

/** Those of stdin, stdout and stderr that were a terminal when the program began. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));

/**
 * Ends the process. As it exits Node puts the terminal in order, and aborts where that has been closed meanwhile: then the hangup
 * ends the process, as it does others.
 */
export function exitProcess(exitCode: number): void {
  if (process.platform !== "win32" && terminals.some((fd) => !isatty(fd))) {
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  }
  process.exit(exitCode);
}
