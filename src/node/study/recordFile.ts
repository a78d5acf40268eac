/** Reads and writes study.json. */
import type { Parsed } from "../../core/run/format.ts";
import { parseStudyRecord, type StudyRecord } from "../../core/study/record.ts";
import { replaceJson } from "../run/files.ts";
import { readDocument } from "../run/status.ts";
import { STUDY_FILE, studyFolder, studyRecordFile } from "./places.ts";

export const readStudyRecord = (runsDir: string, name: string): Parsed<StudyRecord> =>
  readDocument(studyFolder(runsDir, name), STUDY_FILE, parseStudyRecord);

/** By the process that has the study's lock. @throws UserError if the disk refuses */
export const writeStudyRecord = (runsDir: string, record: StudyRecord): void =>
  replaceJson(studyRecordFile(runsDir, record.name), record, true);
