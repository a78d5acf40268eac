/**
 * Contends for the locks of several run folders, one after another, at times agreed upon with its rivals. Prints "won INDEX" or
 * "lost INDEX" for each, then lives on until it is killed, so that its locks stay held.
 */
import { acquireLock } from "../../../../src/node/run/lock.ts";

const [firstAt = "0", everyMs = "0", ...runDirs] = process.argv.slice(2);
for (const [index, runDir] of runDirs.entries()) {
  const at = Number(firstAt) + index * Number(everyMs);
  while (Date.now() < at) {
    // Spinning keeps the rivals within microseconds of each other.
  }
  try {
    await acquireLock(runDir);
    process.stdout.write(`won ${index}\n`);
  } catch {
    process.stdout.write(`lost ${index}\n`);
  }
}
process.stdout.write("done\n");
process.stdin.resume();
