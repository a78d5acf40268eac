import { type ChildProcess, spawnSync } from "node:child_process";

/** Ends a process with all that it started; elsewhere than on Windows it must lead a process group (`detached`). */
export function endTree({ pid }: ChildProcess): void {
  if (pid === undefined) return; // it could not be started
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore", windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, "SIGTERM");
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
