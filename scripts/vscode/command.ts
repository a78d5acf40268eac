import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Output goes to this process's own instead of being returned. */
  readonly inherit?: boolean;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end.
 * @returns what it wrote to its standard output
 * @throws Error with the end of its output, where it cannot be started, fails, or is not done in time
 */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: options.inherit ? "inherit" : ["ignore", "pipe", "pipe"],
      // npm is a .cmd file on Windows, which only a shell starts.
      shell: process.platform === "win32" && program === "npm",
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" as const }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => reject(new Error(`cannot start ${program}: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = (stderr.trim() || stdout.trim()).slice(-2000);
      reject(new Error(`${[program, ...args].join(" ")} ended with ${signal ?? `code ${code}`}\n${end}`));
    });
  });
}
