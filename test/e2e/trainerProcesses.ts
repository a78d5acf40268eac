import { readdirSync, readFileSync } from "node:fs";

/** Ids of this machine's processes that execute a command line of the trainer with these words; on Linux. */
export function trainers(...words: readonly string[]): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const id = Number(name);
    if (!Number.isInteger(id)) return [];
    try {
      const line = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
      return line.some((word) => word.endsWith("maskdm.js")) && words.every((word) => line.includes(word)) ? [id] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
