/** A disk that can be filled, for tests. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, truncateSync, writeFileSync } from "node:fs";

/** @param size as mount takes it @returns null where this process may not mount one */
export function mountDisk(folder: string, size: string): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", folder], { stdio: "ignore" });
    return folder;
  } catch {
    return null;
  }
}

export function unmountDisk(disk: string | null): void {
  if (disk !== null) execFileSync("umount", ["--lazy", disk]);
}

/** Takes all the room that is left. */
export function fill(file: string): void {
  for (const bytes of [1_048_576, 65_536, 4096, 512, 1]) {
    for (;;) {
      const before = existsSync(file) ? statSync(file).size : 0;
      try {
        writeFileSync(file, Buffer.alloc(bytes), { flag: "a" });
      } catch {}
      if (statSync(file).size === before) break;
    }
  }
}

/** Gives some of that room back. */
export const giveBack = (file: string, bytes: number): void => truncateSync(file, statSync(file).size - bytes);
