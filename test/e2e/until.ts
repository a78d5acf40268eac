import { setTimeout as sleep } from "node:timers/promises";

const LIMIT_MS = 20_000;
const PAUSE_MS = 100;

/**
 * Waits for something that only asking again tells of.
 * @throws Error naming it, where it does not come true in time
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs: number = LIMIT_MS,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await sleep(PAUSE_MS);
  }
}
