/** What a study's worker begins with: what is asked of the study, its plan, and what was settled before. */
import { UserError } from "../../core/errors.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { studyChanges } from "../../core/study/changes.ts";
import { type StudyRecord, textsOf } from "../../core/study/record.ts";
import type { StudyRequest } from "../../core/study/request.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { planTexts } from "../../node/study/loadPlan.ts";
import { readStudyRecord } from "../../node/study/recordFile.ts";
import { forgetStudyRequest, readStudyRequest } from "../../node/study/studyRequest.ts";
import { StudyBook } from "./studyBook.ts";

/** Of a study that was never started. */
const NOTHING_SETTLED = { settled: {}, rungs: {}, givenUp: {}, failed: {}, evaluating: null } as const;

export interface OpenedStudy {
  /** as it is to be written */
  readonly book: StudyBook;
  /** to be forgotten once that is done; null: nothing is asked, and the study goes on */
  readonly request: StudyRequest | null;
}

/**
 * Reads what is asked of a study.
 * @returns null: nothing is to be done
 * @throws UserError if the study cannot be read or planned
 */
export function openStudy(
  runsDir: string,
  name: string,
  lock: RunLock,
  log: (line: string) => void,
): OpenedStudy | null {
  const request = readStudyRequest(runsDir, name);
  const read = readStudyRecord(runsDir, name);
  const before = read.ok ? read.value : null;
  const asked = request?.command === "stop" ? "stop" : "run";
  const texts = request?.study ?? before;
  if (texts === null) throw new UserError(`The study ${name} cannot be read: ${read.ok ? "" : read.reason}.`);
  const loaded = planTexts(texts);
  if (!loaded.ok) {
    const { file, reason, diagnostics } = loaded;
    throw new UserError(`${file}: ${reason ?? diagnostics.map(({ message }) => message).join(" ")}`);
  }
  if (request?.command === "stop" && before === null) {
    forgetStudyRequest(runsDir, name, request);
    return null;
  }
  const { plan } = loaded.value;
  const former = before && planTexts(before);
  if (former?.ok) for (const line of studyChanges(former.value.plan, plan).lines) log(line);
  const record: StudyRecord = {
    ...{ formatVersion: RUN_FORMAT_VERSION, ...NOTHING_SETTLED, ...before, ...textsOf(texts), asked, message: null },
    startedAt: asked === "stop" && before !== null ? before.startedAt : new Date().toISOString(),
  };
  return { book: new StudyBook(runsDir, plan, record, lock, log), request };
}
