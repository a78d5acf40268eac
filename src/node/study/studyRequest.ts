/** How a study is started and stopped, by the command line and the editor alike: its worker is asked, and started unless it is at work. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { type StudyTexts, textsOf } from "../../core/study/record.ts";
import { parseStudyRequest, type StudyRequest } from "../../core/study/request.ts";
import { type Program, spawnDetached } from "../run/detached.ts";
import { asDiskError } from "../run/diskError.ts";
import { removeQuietly, replaceJson } from "../run/files.ts";
import { hasWorker } from "../run/queueWorker.ts";
import { readDocument } from "../run/status.ts";
import { studyFolder, studyLog } from "./places.ts";

const REQUEST_FILE = "request.json";
const requestFile = (runsDir: string, name: string): string => join(studyFolder(runsDir, name), REQUEST_FILE);

/** What is asked of a study and not heard yet; null: nothing. */
export function readStudyRequest(runsDir: string, name: string): StudyRequest | null {
  const read = readDocument(studyFolder(runsDir, name), REQUEST_FILE, parseStudyRequest);
  return read.ok ? read.value : null;
}

/** Takes away what was asked, unless something else is asked by now. By the study's worker, once study.json holds it. */
export function forgetStudyRequest(runsDir: string, name: string, request: StudyRequest): void {
  if (readStudyRequest(runsDir, name)?.requestedAt === request.requestedAt) removeQuietly(requestFile(runsDir, name));
}

/**
 * Asks a study to go on, to try again what failed, or to stop.
 * @param study what is to be computed; undefined: what was before
 * @param onError told if the worker cannot be started
 * @returns the worker that was started; null: one was at work
 * @throws UserError if the disk refuses
 */
export async function requestStudy(
  place: { readonly runsDir: string; readonly name: string; readonly program: Program },
  command: StudyRequest["command"],
  study: StudyTexts | undefined,
  onError: (error: Error) => void,
): Promise<ChildProcess | null> {
  const { name, program } = place;
  const runsDir = resolve(place.runsDir);
  const request: StudyRequest = {
    ...{ formatVersion: RUN_FORMAT_VERSION, command, requestedAt: new Date().toISOString() },
    ...(study === undefined ? {} : { study: textsOf(study) }),
  };
  const path = requestFile(runsDir, name);
  try {
    mkdirSync(studyFolder(runsDir, name), { recursive: true });
  } catch (error) {
    throw asDiskError(error, { path });
  }
  replaceJson(path, request, false);
  if (await hasWorker(studyFolder(runsDir, name))) return null;
  const options = { cwd: runsDir, logFile: studyLog(runsDir, name), mode: "a" } as const;
  return spawnDetached(program, ["study", "work", name, "--runs-dir", runsDir], options).on("error", onError);
}
