import { existsSync } from "node:fs";
import type { ShownState } from "../../../core/run/liveness.ts";
import { requestStop } from "../../../node/run/control.ts";
import { LifeWatch } from "../../../node/run/lifeWatch.ts";
import { summarizeRun } from "../../../node/run/list.ts";
import { lockHolder } from "../../../node/run/lock.ts";
import type { Io } from "../io.ts";

/** A run that a process on another machine writes, or is about to, seen by its folder alone. */
export class DistantRun {
  private readonly signs = new LifeWatch();
  private isAsked = false;

  constructor(
    private readonly dir: string,
    private readonly io: Io,
  ) {}

  /** Whether a process writes it: one that cannot be looked for from here counts until its sign of life stands still. */
  isHeld(): boolean {
    return existsSync(this.dir) && lockHolder(this.dir, this.signs).held;
  }

  get state(): ShownState | "damaged" {
    return summarizeRun(this.dir, Date.now(), this.signs).state;
  }

  /** Once there is a run that is written. */
  askToStop(): void {
    if (this.isAsked || !this.isHeld()) return;
    this.isAsked = true;
    requestStop(this.dir);
    this.io.stderr("asked the run to stop: it finishes its step, saves and ends");
  }
}
