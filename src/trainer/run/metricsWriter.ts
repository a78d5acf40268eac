/** Writes metrics.jsonl, and metrics.columns after it. */
import type { ResumeLine, StepMetrics } from "../../core/run/metrics.ts";
import { BLOCK_ROWS, ColumnsKeeper } from "../../node/run/columnsFile.ts";
import { metricsFile } from "../../node/run/metrics.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { AppendFile } from "./appendFile.ts";

export class MetricsWriter {
  private readonly file: AppendFile;
  private readonly columns: ColumnsKeeper;
  private appended = 0;

  /**
   * Opens metrics.jsonl, or creates it.
   * @param resumedFrom step of the checkpoint that training goes on from: marks lines beyond it as void; null for a new run
   * @param lock of the run, without which nothing is written
   * @throws UserError if the disk refuses
   */
  constructor(
    runDir: string,
    resumedFrom: number | null,
    private readonly lock: Pick<RunLock, "glance">,
  ) {
    this.file = new AppendFile(
      metricsFile(runDir),
      `Checkpoints in ${runDir} are intact. When the cause is removed, go on with: ${maskdmCommand("resume", runDir)}`,
    );
    if (resumedFrom !== null) {
      const line: ResumeLine = { type: "resume", step: resumedFrom, time: new Date().toISOString() };
      this.file.append(JSON.stringify(line));
    }
    this.columns = new ColumnsKeeper(runDir);
  }

  /** Appends a step's line. Numbers that are not finite become null. @throws UserError if the disk refuses, or if the lock is lost */
  append(metrics: Omit<StepMetrics, "type">): void {
    this.lock.glance();
    this.file.append(JSON.stringify({ type: "step", ...metrics }));
    if (++this.appended % BLOCK_ROWS === 0) this.columns.catchUp();
  }

  /** Flushes to the disk. @throws UserError if the disk refuses */
  sync(): void {
    this.file.sync();
  }

  /** Takes the last lines into the columns, at the end of a session that still has its lock. */
  finish(): void {
    this.columns.catchUp(true);
  }

  close(): void {
    this.file.close();
  }
}
