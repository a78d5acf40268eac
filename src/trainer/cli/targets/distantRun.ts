import { existsSync } from "node:fs";
import type { ProcessIdentity, ShownState } from "../../../core/run/liveness.ts";
import { requestStop } from "../../../node/run/control.ts";
import { LifeWatch } from "../../../node/run/lifeWatch.ts";
import { summarizeRun } from "../../../node/run/list.ts";
import { lockHolder } from "../../../node/run/lock.ts";
import { isSameProcess } from "../../../node/run/process.ts";
import { readRun } from "../../../node/run/runFiles.ts";
import type { Io } from "../io.ts";
import { shortPath } from "../training.ts";

/** A run that a process on another machine writes, or is about to, seen by its folder alone. */
export class DistantRun {
  private readonly signs = new LifeWatch();
  private writer: ProcessIdentity | null = null;
  private isAsked = false;

  /** @param started told of each process that writes the run */
  constructor(
    private readonly dir: string,
    private readonly started: ((process: ProcessIdentity) => void) | undefined,
    private readonly io: Io,
  ) {}

  /** Whether a process writes it: one that cannot be looked for from here counts until its sign of life stands still. */
  isHeld(): boolean {
    return existsSync(this.dir) && lockHolder(this.dir, this.signs).held;
  }

  get state(): ShownState | "damaged" {
    return summarizeRun(this.dir, Date.now(), this.signs).state;
  }

  /** Tells of a new writer. To be called several times a second. */
  look(): void {
    if (!this.isHeld()) return;
    const run = readRun(this.dir);
    if (!run.ok) return; // being made
    const { host, pid, processStart } = run.value;
    if (this.writer !== null && isSameProcess(this.writer, run.value)) return;
    if (this.writer === null) this.io.stdout(shortPath(this.dir));
    this.writer = { host, pid, processStart };
    this.started?.(this.writer);
    this.io.stderr(`${run.value.id} is trained by process ${pid} on ${host}`);
  }

  /** Once there is a run. */
  askToStop(): void {
    if (this.isAsked || !this.isHeld()) return;
    this.isAsked = true;
    requestStop(this.dir);
    this.io.stderr("asked it to stop: it finishes its step, saves and ends");
  }
}
