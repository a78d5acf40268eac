/** Asks the worker of a study, and shows in the terminal what it does until it ends. */
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { StudyFacts } from "../../../core/study/cellState.ts";
import { cellCounts } from "../../../core/study/progress.ts";
import type { StudyRequest } from "../../../core/study/request.ts";
import { thisProgram } from "../../../node/run/detached.ts";
import { GrowingText } from "../../../node/run/newBytes.ts";
import type { LoadedStudy } from "../../../node/study/loadPlan.ts";
import { studyLog } from "../../../node/study/places.ts";
import { StudyReader } from "../../../node/study/studyReader.ts";
import { readStudyRequest, requestStudy } from "../../../node/study/studyRequest.ts";
import type { Io } from "../io.ts";
import { createProgress } from "../progress.ts";

const LOOK_MS = 300;
/** A worker that is at work hears what it is asked within so long. */
const HEAR_MS = 15_000;

/** Reads the lines of a log that are added from now on. */
class LogLines {
  private readonly text: GrowingText;
  private rest = "";

  constructor(path: string) {
    this.text = new GrowingText(path, statSync(path, { throwIfNoEntry: false })?.size);
  }

  /** Lines without their time. */
  next(): string[] {
    const lines = `${this.rest}${this.text.next()}`.split("\n");
    this.rest = lines.pop() ?? "";
    return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, ""));
  }
}

/**
 * @param log from where on its lines are shown
 * @param isStarting whether the worker that was started may still come to show: on a busy machine that takes long
 * @returns how the study stands at the end
 */
async function followStudy(
  { texts, plan }: LoadedStudy,
  runsDir: string,
  { log, isStarting, io }: { readonly log: LogLines; readonly isStarting: () => boolean; readonly io: Io },
): Promise<StudyFacts> {
  const reader = new StudyReader(runsDir);
  const progress = createProgress(io, {
    ...{ label: texts.name, total: plan.cells.length, unit: "cells", plainSeconds: 60 },
  });
  const hearUntil = performance.now() + HEAR_MS;
  for (;;) {
    // Before the rest: a worker that has ended meanwhile has written what is read then.
    const mayCome = isStarting() || performance.now() < hearUntil;
    const facts = await reader.facts(texts.name, plan);
    for (const line of log.next()) io.stderr(line);
    const { done, training, evaluating } = cellCounts(plan, facts);
    progress.update(done, `${training} in training${evaluating > 0 ? `, ${evaluating} being evaluated` : ""}`);
    const isAsked = readStudyRequest(runsDir, texts.name) !== null;
    if (!facts.atWork && !(isAsked && mayCome)) {
      for (const line of log.next()) io.stderr(line);
      progress.finish("");
      return facts;
    }
    await sleep(LOOK_MS);
  }
}

/**
 * Asks the worker of a study for something.
 * @param runsDir absolute
 * @returns what shows in the terminal what the worker does from now on, until it ends
 * @throws UserError if the disk refuses
 */
export async function askStudy(
  loaded: LoadedStudy,
  runsDir: string,
  command: StudyRequest["command"],
  io: Io,
): Promise<() => Promise<StudyFacts>> {
  const { texts } = loaded;
  const log = new LogLines(studyLog(runsDir, texts.name));
  const study = command === "stop" ? undefined : texts;
  const worker = await requestStudy({ runsDir, name: texts.name, program: thisProgram() }, command, study, (error) =>
    io.stderr(`the study's worker could not be started: ${error.message}`),
  );
  const isStarting = (): boolean => worker?.pid !== undefined && worker.exitCode === null && worker.signalCode === null;
  return () => followStudy(loaded, runsDir, { log, isStarting, io });
}
