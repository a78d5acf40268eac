/** The signals by which people and systems ask a process to end. */
import { hangupWasIgnored } from "./hangup.ts";

/**
 * SIGINT is Ctrl+C, SIGTERM what systems send, SIGHUP a terminal that was closed or lost its connection, on Windows a console window
 * that was closed. SIGBREAK is Ctrl+Break, on Windows only.
 */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGBREAK";

let signals: readonly EndSignal[] | undefined;

/**
 * The signals that ask this process to end. Without SIGHUP where it was ignored when the process was started: then it is ignored again
 * from the first call on, which should come early.
 */
export function endSignals(): readonly EndSignal[] {
  if (signals === undefined) {
    const ignored = hangupWasIgnored();
    if (ignored) process.on("SIGHUP", () => {});
    signals = [
      "SIGINT",
      "SIGTERM",
      ...(ignored ? [] : (["SIGHUP"] as const)),
      ...(process.platform === "win32" ? (["SIGBREAK"] as const) : []),
    ];
  }
  return signals;
}
