import { HEARTBEAT_SECONDS, type Motion, STALE_SECONDS } from "../../core/run/liveness.ts";

interface Watched {
  sign: string;
  /** whether it has been seen to change */
  moved: boolean;
  lookedAt: number;
  /** seconds that it was watched and stayed the same */
  unmoved: number;
}

/**
 * Watches signs of life, such as heartbeats, for whether they move. Only this process's own clock is asked, and only for how much time
 * has passed: clocks of two machines may differ by any amount, and each may be set while it runs.
 */
export class LifeWatch {
  private readonly watched = new Map<string, Watched>();

  /** @param clock seconds since any moment, never going back */
  constructor(private readonly clock: () => number = () => performance.now() / 1000) {}

  /**
   * Looks at a sign, at least every few seconds.
   * @param key names whose sign it is
   * @param seconds after which one that does not move counts as standing
   */
  look(key: string, sign: string, seconds: number = STALE_SECONDS): Motion {
    const now = this.clock();
    const before = this.watched.get(key);
    if (before === undefined || before.sign !== sign) {
      const moved = before !== undefined;
      this.watched.set(key, { sign, moved, lookedAt: now, unmoved: 0 });
      return moved ? "moving" : "unsure";
    }
    // Who did not look for long, as while the machine slept, has not watched.
    before.unmoved += Math.min(now - before.lookedAt, HEARTBEAT_SECONDS);
    before.lookedAt = now;
    if (before.unmoved >= seconds) return "standing";
    return before.moved ? "moving" : "unsure";
  }
}
