/** A lock that this process has. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { type ProcessIdentity, STALE_SECONDS } from "../../core/run/liveness.ts";
import { replaceJson } from "./files.ts";
import { currentLock, type LockRecord, lockFileName, lockNumbers } from "./lockFiles.ts";

/** How long a holder does without another look that the lock is still its own, where it writes often. */
const GLANCE_MS = 500;

/** Somebody else has the lock that this process had: it must not write any more. */
export class LockLostError extends UserError {
  constructor(dir: string, by: ProcessIdentity | null) {
    super(
      by === null
        ? `The lock of ${dir} is gone: the folder was moved or removed, or somebody has deleted the lock. This process writes ` +
            "nothing more."
        : `${dir} was taken over by process ${by.pid} on ${by.host}, which writes it now. This process writes nothing more. ` +
            `A run is taken over from who gives no sign of life for ${STALE_SECONDS} seconds, as while a machine sleeps.`,
      "failure",
    );
  }
}

export class RunLock {
  private checkedAt = Number.NEGATIVE_INFINITY;
  private lost: LockLostError | null = null;

  constructor(
    private readonly runDir: string,
    private readonly number: number,
    private record: LockRecord,
  ) {}

  /**
   * Makes sure that this process still has the lock; to be called before it writes.
   * @throws LockLostError if it has not
   */
  check(): void {
    if (this.lost !== null) throw this.lost;
    if (this.isOwn()) {
      this.checkedAt = Date.now();
      return;
    }
    this.lost = new LockLostError(this.runDir, currentLock(this.runDir));
    throw this.lost;
  }

  /**
   * The same for what is done many times a second: looks twice a second at most.
   * @throws LockLostError if it has not
   */
  glance(): void {
    // By the time of day, which goes on while the machine sleeps.
    if (this.lost !== null || Math.abs(Date.now() - this.checkedAt) >= GLANCE_MS) this.check();
  }

  /** Whether somebody else has it. */
  isLost(): boolean {
    try {
      this.check();
      return false;
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      return true;
    }
  }

  /** A sign of life for those that cannot look for this process; for holders that write no heartbeat. @throws LockLostError */
  renew(): void {
    this.check();
    this.record = { ...this.record, acquiredAt: new Date().toISOString() };
    replaceJson(join(this.runDir, lockFileName(this.number)), this.record, false);
  }

  /** Gives the run free for the next writer. If the disk refuses, the end of this process does it. */
  release(): void {
    if (this.isLost()) return;
    try {
      replaceJson(join(this.runDir, lockFileName(this.number)), { ...this.record, released: true }, false);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  private isOwn(): boolean {
    let numbers: number[];
    try {
      numbers = lockNumbers(this.runDir);
    } catch {
      return true; // a disk that does not answer says nothing about the lock
    }
    if (Math.max(0, ...numbers) > this.number) return false;
    return numbers.includes(this.number) || existsSync(join(this.runDir, lockFileName(this.number)));
  }
}
