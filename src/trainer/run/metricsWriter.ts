/** Writes metrics.jsonl. */
import type { ResumeLine, StepMetrics } from "../../core/run/metrics.ts";
import { metricsFile } from "../../node/run/metrics.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { AppendFile } from "./appendFile.ts";

export class MetricsWriter {
  private readonly file: AppendFile;

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
    if (resumedFrom === null) return;
    const line: ResumeLine = { type: "resume", step: resumedFrom, time: new Date().toISOString() };
    this.file.append(JSON.stringify(line));
  }

  /** Appends a step's line. Numbers that are not finite become null. @throws UserError if the disk refuses, or if the lock is lost */
  append(metrics: Omit<StepMetrics, "type">): void {
    this.lock.glance();
    this.file.append(JSON.stringify({ type: "step", ...metrics }));
  }

  /** Flushes to the disk. @throws UserError if the disk refuses */
  sync(): void {
    this.file.sync();
  }

  close(): void {
    this.file.close();
  }
}
