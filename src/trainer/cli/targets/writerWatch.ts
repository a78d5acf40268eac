/** Notices who writes a run that is trained elsewhere. */
import type { ProcessIdentity } from "../../../core/run/liveness.ts";
import { isSameProcess } from "../../../node/run/process.ts";
import { readRun } from "../../../node/run/runFiles.ts";
import type { Io } from "../io.ts";
import { shortPath } from "../shortPath.ts";

export class WriterWatch {
  private readonly sessionsBefore: number;
  private writer: ProcessIdentity | null = null;

  /**
   * @param runDir there or to be made
   * @param isAtWork whether a session that has begun before counts
   * @param started told of each process that becomes the writer
   */
  constructor(
    readonly runDir: string,
    isAtWork: boolean,
    private readonly started: ((process: ProcessIdentity) => void) | undefined,
    private readonly io: Io,
  ) {
    this.sessionsBefore = isAtWork ? 0 : this.sessions().length;
  }

  /** Whether a session has begun; prints the run's folder when the first does. */
  get hasBegun(): boolean {
    return this.writer !== null;
  }

  look(): void {
    const sessions = this.sessions();
    const newest = sessions.length > this.sessionsBefore ? sessions.at(-1) : undefined;
    if (newest === undefined || (this.writer !== null && isSameProcess(newest, this.writer))) return;
    if (this.writer === null) this.io.stdout(shortPath(this.runDir));
    const { host, pid, processStart } = newest;
    this.writer = { host, pid, processStart };
    this.started?.(this.writer);
  }

  private sessions() {
    const run = readRun(this.runDir);
    return run.ok ? run.value.sessions : [];
  }
}
