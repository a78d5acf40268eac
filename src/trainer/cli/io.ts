/** Where a command's output goes: results to stdout, everything else to stderr. */
import { shownLines } from "../../core/shownText.ts";
import { endSignals } from "../../node/endSignals.ts";

export interface Io {
  /** A result meant for the reader or a pipe; a newline is added where the text ends without one. */
  stdout(text: string): void;
  /** Everything else: notes, warnings, errors; a newline is added where the text ends without one. */
  stderr(text: string): void;
  /** The machine-readable result of a command run with --json. */
  json(value: unknown): void;
  /** Whether a person is watching stderr. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters, read anew whenever asked. */
  readonly columns?: number;
  /** Shows a line at the bottom of the terminal, redrawn in place; null takes it away. Absent without a terminal. */
  readonly status?: (line: string | null) => void;
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE = "\r\x1b[2K";

/** The part of a stream that the command line uses. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** An Io over two streams. The status line is kept below whatever else is written. */
export function streamIo(out: OutputStream, err: OutputStream, environment: NodeJS.ProcessEnv): Io {
  const isTerminal = err.isTTY === true && environment["TERM"] !== "dumb";
  let shown: string | null = null;
  const write = (stream: OutputStream, text: string): void => {
    // A pipe gets a result as it is; a terminal no sequence that a name of a file brings along.
    const isSeen = stream === err || stream.isTTY === true;
    const safe = isSeen ? shownLines(text) : text;
    const line = safe.endsWith("\n") ? safe : `${safe}\n`;
    const overlap = shown !== null && isSeen;
    if (overlap) err.write(CLEAR_LINE);
    stream.write(line);
    if (overlap) err.write(shown ?? "");
  };
  const io: Io = {
    stdout: (text) => write(out, text),
    stderr: (text) => write(err, text),
    json: (value) => write(out, JSON.stringify(value, null, 2)),
    isTerminal,
    get columns() {
      return err.columns ?? 80;
    },
  };
  if (!isTerminal) return io;
  return Object.defineProperty(io, "status", {
    value: (line: string | null) => {
      if (line === null) {
        if (shown !== null) err.write(`${CLEAR_LINE}${SHOW_CURSOR}`);
      } else {
        err.write(shown === null ? `${HIDE_CURSOR}${line}` : `${CLEAR_LINE}${line}`);
      }
      shown = line;
    },
  });
}

/**
 * The process's own streams. A reader that goes away (`maskdm runs | head`, a terminal that was closed) is no error, and never ends a
 * run that is training: what would have been written is dropped. So is what stderr does not take, whatever the reason: there is
 * nobody left to tell it to. The cursor is shown again however the process ends.
 */
export function processIo(): Io {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Of a terminal that is gone the system says EIO; of a file that means that the result was not written.
    if (error.code !== "EPIPE" && !process.stdout.isTTY) throw error;
  });
  const io = streamIo(process.stdout, process.stderr, process.env);
  const { status } = io;
  if (status !== undefined) {
    process.on("exit", () => status(null));
    for (const signal of endSignals()) endOnSignal(signal, () => status(null));
  }
  return io;
}

/** A signal that nobody else listens to ends the process as it would have, after tidying up. */
function endOnSignal(signal: NodeJS.Signals, tidyUp: () => void): void {
  const listener = (): void => {
    if (process.listenerCount(signal) > 1) return;
    tidyUp();
    process.removeListener(signal, listener);
    process.kill(process.pid, signal);
  };
  process.on(signal, listener);
}
