/** Claims whatever waits in a queue and prints the ids it was granted: node claim.mjs RUNS_DIR */
import { claimEntry, readQueue } from "../../../../src/node/run/queue.ts";

const runsDir = process.argv[2]!;
for (;;) {
  const waiting = readQueue(runsDir).filter(({ state }) => state === "waiting");
  if (waiting.length === 0) break;
  for (const { entry } of waiting) {
    if (claimEntry(runsDir, entry.id, String(process.pid)) !== null) console.log(entry.id);
  }
}
