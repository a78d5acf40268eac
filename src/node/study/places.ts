/** Where a study is kept: `.studies/<name>` in the runs folder. Prose: docs/run-format.md, "Studies". */
import { join } from "node:path";
import { namesIn } from "../run/files.ts";

export const STUDY_FILE = "study.json";

const studiesFolder = (runsDir: string): string => join(runsDir, ".studies");
/** @param name of the study, see `studyName` */
export const studyFolder = (runsDir: string, name: string): string => join(studiesFolder(runsDir), name);
/** What its worker did, for people: lines that begin with the time. */
export const studyLog = (runsDir: string, name: string): string => join(studyFolder(runsDir, name), "log.txt");
export const studyRecordFile = (runsDir: string, name: string): string => join(studyFolder(runsDir, name), STUDY_FILE);

/** Takes up room while a worker is at work, so that it can say what ends it where the disk has filled. */
export const studyReserve = (runsDir: string, name: string): string => join(studyFolder(runsDir, name), "reserve");

/** Names of the studies that were started in a runs folder. */
export const studyNames = (runsDir: string): string[] =>
  namesIn(studiesFolder(runsDir)).filter((name) => namesIn(studyFolder(runsDir, name)).includes(STUDY_FILE));
