/** Finds what a user means by a study: its file, or the name of one that was started. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UserError } from "../../../core/errors.ts";
import { formatDiagnostic } from "../../../core/experiment/diagnostic.ts";
import { STUDY_ENDING, studyName } from "../../../core/study/names.ts";
import { maskdmCommand } from "../../../node/shellCommand.ts";
import { type LoadedStudy, loadPlan, planTexts, type StudyLoad } from "../../../node/study/loadPlan.ts";
import { studyNames } from "../../../node/study/places.ts";
import { readStudyRecord } from "../../../node/study/recordFile.ts";
import { CommandExit } from "../errors.ts";
import type { Io } from "../io.ts";

/**
 * @param text path of a study file, or a name
 * @throws UserError or CommandExit where there is none, or it cannot be planned
 */
export function findStudy(text: string, runsDir: string, io: Io): LoadedStudy {
  if (existsSync(text)) return planned(loadPlan(text), io);
  return startedStudy(text, runsDir, io);
}

/** The name of a study that is named, or whose file is. */
export const nameOfStudy = (text: string): string => (existsSync(text) ? studyName(text) : text);

/** The study of that name as it was last started. */
export function startedStudy(name: string, runsDir: string, io: Io): LoadedStudy {
  const names = studyNames(resolve(runsDir));
  if (!names.includes(name)) {
    const there = names.length === 0 ? "none was started there" : `started there: ${names.join(", ")}`;
    throw new UserError(`${name} is neither a study file nor a study in ${resolve(runsDir)} (${there}).`);
  }
  const record = readStudyRecord(resolve(runsDir), name);
  if (!record.ok) throw new UserError(`The study ${name} in ${resolve(runsDir)} cannot be read: ${record.reason}.`);
  return planned(planTexts(record.value), io);
}

/** @throws UserError where a study was never started */
export function requireStarted(name: string, runsDir: string): void {
  if (studyNames(resolve(runsDir)).includes(name)) return;
  throw new UserError(
    `${name} was not started in ${resolve(runsDir)}. Start it with: ${maskdmCommand("study", "run", `${name}${STUDY_ENDING}`)}`,
  );
}

function planned(load: StudyLoad, io: Io): LoadedStudy {
  if (load.ok) return load.value;
  const { file, diagnostics, reason } = load;
  if (reason !== null) throw new UserError(`${file}: ${reason}.`);
  for (const diagnostic of diagnostics) io.stderr(formatDiagnostic(file, diagnostic));
  throw new CommandExit(2);
}
