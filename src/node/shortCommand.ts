/** Runs a command of the trainer that ends soon, as a child that ends with this process. */
import { spawn } from "node:child_process";
import { cleanEnvironment, type Program } from "./run/detached.ts";

/** Of the editor's kind. */
interface CancellationToken {
  readonly isCancellationRequested: boolean;
  readonly onCancellationRequested: (listener: () => void) => { dispose(): void };
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly token?: CancellationToken;
  readonly onStdout?: (line: string) => void;
  readonly onStderr?: (line: string) => void;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child that does not end when asked is ended after so long. */
const PATIENCE_MS = 3000;

/** @throws Error where the program cannot be started */
export function runCommand(program: Program, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.command, [...program.args, ...args], {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: cleanEnvironment(program.env),
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let stdout = "";
    let stderr = "";
    let killer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      child.kill();
      killer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    };
    const cancellation = options.token?.onCancellationRequested(cancel);
    if (options.token?.isCancellationRequested === true) cancel();
    const outLines = lineByLine(options.onStdout);
    const errLines = lineByLine(options.onStderr);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      outLines(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      errLines(text);
    });
    const done = (): void => {
      cancellation?.dispose();
      clearTimeout(killer);
    };
    child.on("error", (error) => {
      done();
      reject(error);
    });
    child.on("close", (code) => {
      done();
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}

/**
 * What a command said of its failure: all from its last line that begins with "error: ".
 * @param otherwise where it said nothing
 */
export function failureText({ stderr }: Pick<CommandResult, "stderr">, otherwise: string): string {
  const lines = stderr.trim().split("\n");
  const from = lines.findLastIndex((line) => line.startsWith("error: "));
  return (
    lines
      .slice(from)
      .join("\n")
      .replace(/^error: /, "") || otherwise
  );
}

/** Takes text in pieces and hands on the lines that are complete. */
function lineByLine(take: ((line: string) => void) | undefined): (text: string) => void {
  let line = "";
  return (text) => {
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const complete of lines) take?.(complete);
  };
}
