/** Shows in the terminal what the worker of a study does, until it ends. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { StudyFacts } from "../../../core/study/cellState.ts";
import { cellCounts } from "../../../core/study/progress.ts";
import type { LoadedStudy } from "../../../node/study/loadPlan.ts";
import { studyLog } from "../../../node/study/places.ts";
import { StudyReader } from "../../../node/study/studyReader.ts";
import { readStudyRequest } from "../../../node/study/studyRequest.ts";
import type { Io } from "../io.ts";
import { createProgress } from "../progress.ts";

const LOOK_MS = 300;
/** A worker that was started takes so long at most to show. */
const START_MS = 15_000;

/** Reads the lines of a log that are added from now on. */
export class LogLines {
  private at: number;
  private rest = "";

  constructor(private readonly path: string) {
    this.at = this.size;
  }

  private get size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Lines without their time. */
  next(): string[] {
    const { size } = this;
    if (size <= this.at) return [];
    const fd = openSync(this.path, "r");
    try {
      const bytes = Buffer.alloc(size - this.at);
      const read = readSync(fd, bytes, 0, bytes.length, this.at);
      this.at += read;
      const lines = `${this.rest}${bytes.subarray(0, read).toString()}`.split("\n");
      this.rest = lines.pop() ?? "";
      return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, ""));
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * @param log from where on its lines are shown
 * @returns how the study stands at the end
 */
export async function followStudy(
  { texts, plan }: LoadedStudy,
  runsDir: string,
  log: LogLines,
  io: Io,
): Promise<StudyFacts> {
  const reader = new StudyReader(runsDir);
  const progress = createProgress(io, {
    ...{ label: texts.name, total: plan.cells.length, unit: "cells", plainSeconds: 60 },
  });
  const startUntil = performance.now() + START_MS;
  for (;;) {
    const facts = await reader.facts(texts.name, plan);
    for (const line of log.next()) io.stderr(line);
    const { done, training, evaluating } = cellCounts(plan, facts);
    progress.update(done, `${training} in training${evaluating > 0 ? `, ${evaluating} being evaluated` : ""}`);
    const isAsked = readStudyRequest(runsDir, texts.name) !== null;
    if (!facts.atWork && (!isAsked || performance.now() > startUntil)) {
      for (const line of log.next()) io.stderr(line);
      progress.finish("");
      return facts;
    }
    await sleep(LOOK_MS);
  }
}

export const logOf = (runsDir: string, name: string): LogLines => new LogLines(studyLog(runsDir, name));
