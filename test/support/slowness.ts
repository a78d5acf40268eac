/**
 * How slow the machine is at this moment, for tests that bound a time: a bound that holds on an idle machine of a few years ago,
 * times this, holds on a slow or busy one as well, and still fails where the program became slower.
 */

/** What the loop below takes on an idle core of 3 GHz, and some more. */
const REFERENCE_MS = 5;
const ROUNDS = 7;
/** A machine that is slower than this stands still: a bound that is stretched further would hold for anything. */
export const SLOWEST = 10;

/** Milliseconds of the clock: stretched by other work on the machine. */
export const wallClock = (): number => performance.now();

/** Milliseconds of processor time of this process. */
export function cpuClock(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * From 1, as quick machines narrow no bound, to SLOWEST.
 * @param clock the one that the bounded time is read from
 */
export function slowness(clock: () => number = wallClock): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const began = clock();
    spin();
    return clock() - began;
  }).sort((a, b) => a - b);
  return Math.min(SLOWEST, Math.max(1, times[(ROUNDS - 1) / 2]! / REFERENCE_MS));
}

let kept = 1;

/** Three million products, each of the one before: no compiler shortens them, and no memory is touched. */
function spin(): void {
  let value = kept;
  for (let i = 0; i < 3_000_000; i++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
  kept = value;
}
