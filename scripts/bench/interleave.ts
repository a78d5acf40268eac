/** Blocks of work in turn, so that all engines meet the machine in the same moods. */
import { EngineFailure, type EngineProcess } from "./engineProcess.ts";
import { fitRounds } from "./plan.ts";
import type { Block } from "./record.ts";

/** An engine ready to work. */
export interface Runner {
  readonly id: string;
  readonly process: EngineProcess;
  /** Does n units of work. @returns seconds, and those of forward and backward alone where it can tell */
  readonly work: (n: number, limitSeconds: number) => Promise<{ seconds: number; engineSeconds?: number | null }>;
}

export interface Turns {
  readonly rounds: number;
  /** least seconds of work of a block */
  readonly blockSeconds: number;
  /** most seconds for all blocks together */
  readonly limitSeconds: number;
  /** images of a unit of work */
  readonly perUnit: number;
}

export interface Interleaved {
  readonly blocks: ReadonlyMap<string, readonly Block[]>;
  /** why an engine has no blocks, or too few */
  readonly failures: ReadonlyMap<string, string>;
}

/** A step may take as many times what was expected before an engine is given up. */
const PATIENCE = 10;

/** Warms every engine up, and measures blocks in turn; the order changes from round to round. */
export async function interleave(runners: readonly Runner[], turns: Turns): Promise<Interleaved> {
  const failures = new Map<string, string>();
  const sizes = new Map<string, { n: number; seconds: number }>();
  const attempt = async <T>(id: string, act: () => Promise<T>): Promise<T | null> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error;
      failures.set(id, error.message);
      return null;
    }
  };
  for (const runner of runners) {
    const size = await attempt(runner.id, () => sizeBlock(runner, turns));
    if (size) sizes.set(runner.id, size);
  }
  const blockSeconds = new Map([...sizes].map(([id, { seconds }]) => [id, seconds]));
  const rounds = fitRounds(blockSeconds, turns.rounds, turns.limitSeconds);
  for (const [id, count] of rounds) {
    if (count === 0)
      failures.set(id, `a block takes ${blockSeconds.get(id)!.toFixed(0)} s, too long for the time of a row`);
  }
  const blocks = new Map<string, Block[]>();
  for (let round = 0; round < turns.rounds; round++) {
    for (const runner of turned(runners, round)) {
      const size = sizes.get(runner.id);
      if (!size || failures.has(runner.id) || round >= rounds.get(runner.id)!) continue;
      const limit = PATIENCE * size.seconds + 60;
      const time = await attempt(runner.id, () => runner.work(size.n, limit));
      if (!time) continue;
      const { seconds, engineSeconds } = time;
      const block = {
        round,
        perSecond: (size.n * turns.perUnit) / seconds,
        aroundShare: engineSeconds == null ? null : Math.max(0, 1 - engineSeconds / seconds),
      };
      blocks.set(runner.id, [...(blocks.get(runner.id) ?? []), block]);
    }
  }
  return { blocks, failures };
}

/** Every other round goes backwards, and every second one begins elsewhere: none always follows the same one. */
export function turned<T>(items: readonly T[], round: number): T[] {
  const from = Math.floor(round / 2) % Math.max(1, items.length);
  const order = [...items.slice(from), ...items.slice(0, from)];
  return round % 2 === 0 ? order : order.reverse();
}

/** Warms the engine up and finds how much work fills a block. */
async function sizeBlock(
  { work }: Runner,
  { blockSeconds, limitSeconds }: Turns,
): Promise<{ n: number; seconds: number }> {
  let n = 1;
  let { seconds } = await work(n, limitSeconds);
  while (seconds < blockSeconds / 2) {
    n = Math.min(8 * n, Math.max(n + 1, Math.ceil((n * blockSeconds * 0.7) / seconds)));
    ({ seconds } = await work(n, limitSeconds));
  }
  if (seconds >= blockSeconds) return { n, seconds };
  const filling = Math.ceil((n * blockSeconds * 1.1) / seconds);
  return { n: filling, seconds: (filling * seconds) / n };
}
