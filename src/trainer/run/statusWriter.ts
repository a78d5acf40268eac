/** status.json: written by the run's process, several times a minute and whenever the state changes. */
import { join } from "node:path";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { HEARTBEAT_SECONDS } from "../../core/run/liveness.ts";
import type { FinalState, RunStatus } from "../../core/run/status.ts";
import { replaceJson } from "../../node/run/files.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { STATUS_FILE } from "../../node/run/status.ts";

/** Steps can be quicker than anybody looks; the file is replaced no more often than this. */
const QUIET_MS = 500;

/** What the training loop reports; version and heartbeat are the writer's. */
export type StatusReport = Omit<RunStatus, "formatVersion" | "heartbeat">;

export class StatusWriter {
  private report: StatusReport;
  private writtenAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private readonly began = performance.now();

  /**
   * Writes the first status. The heartbeat is then renewed by a timer, and by beat() where the event loop is kept busy.
   * @param first its workSeconds are those of the sessions before
   * @param lock of the run, without which nothing is written
   * @throws UserError if the disk refuses
   */
  constructor(
    private readonly runDir: string,
    first: StatusReport,
    private readonly lock: Pick<RunLock, "check">,
  ) {
    this.report = first;
    this.write(true);
    this.timer = setInterval(() => this.beat(), HEARTBEAT_SECONDS * 1000);
    this.timer.unref();
  }

  get current(): StatusReport {
    return this.report;
  }

  /** Of all sessions. */
  get workSeconds(): number {
    return (this.report.workSeconds ?? 0) + (performance.now() - this.began) / 1000;
  }

  /**
   * Takes over what has changed. Written at once if state or message did, otherwise twice a second at most.
   * @throws UserError if the disk refuses, or if the lock is lost
   */
  update(change: Partial<StatusReport>): void {
    const before = this.report;
    this.report = { ...before, ...change };
    if (this.report.state !== before.state || this.report.message !== before.message) this.write(false);
    else if (Date.now() - this.writtenAt >= QUIET_MS) this.write(false);
  }

  /** Renews the heartbeat if it is due. A disk that refuses, or a lost lock, is left to the next update(). */
  beat(): void {
    if (this.timer === undefined || Date.now() - this.writtenAt < (HEARTBEAT_SECONDS * 1000) / 2) return;
    try {
      this.write(false);
    } catch {
      // update() reports it where it can be handled.
    }
  }

  /**
   * Writes the last status, durably, and stops the heartbeat.
   * @throws UserError if the disk refuses, or if the lock is lost
   */
  finish(state: FinalState, message: string | null): void {
    this.abandon();
    this.report = { ...this.report, state, message, etaSeconds: state === "finished" ? 0 : null };
    this.write(true);
  }

  /** Stops the heartbeat and writes nothing: the run then shows as interrupted. */
  abandon(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private write(durable: boolean): void {
    this.lock.check();
    this.writtenAt = Date.now();
    writeStatus(this.runDir, { ...this.report, workSeconds: this.workSeconds }, durable);
  }
}

/** Replaces status.json once, heartbeat: now. Numbers that are not finite become null. @throws UserError if the disk refuses */
export function writeStatus(runDir: string, report: StatusReport, durable: boolean): void {
  const { imagesPerSecond, etaSeconds, loss } = report;
  const status: RunStatus = {
    formatVersion: RUN_FORMAT_VERSION,
    ...report,
    imagesPerSecond: finite(imagesPerSecond),
    etaSeconds: finite(etaSeconds),
    loss: finite(loss),
    heartbeat: new Date().toISOString(),
  };
  replaceJson(join(runDir, STATUS_FILE), status, durable);
}

/** JSON has no NaN and no infinity. */
const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
