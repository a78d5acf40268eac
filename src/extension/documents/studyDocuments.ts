/** Open studies. */
import { dirname } from "node:path";
import type * as vscode from "vscode";
import type { StudyReading } from "../../core/study/read.ts";
import type { StudyLintFacts } from "../../core/study/studyRule.ts";
import type { StudySources } from "../../node/facts/studyFacts.ts";
import { resolvePath } from "../../node/homePath.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { ReadStudy } from "../services.ts";
import { STUDIES } from "./documentLanguages.ts";
import { DocumentStore } from "./documentStore.ts";
import { FactStore, modified } from "./factStore.ts";

/** With more, what they come to is looked at by the command line only: it would hold up typing for more than a second. */
const MOST_CONFIGURATIONS = 200;

interface StudyPlaces extends StudySources {
  /** absolute path of the study file */
  readonly file: string;
  readonly runsDir: string;
  /** whether the base's images and weights may be looked at, wherever they are */
  readonly looksFurther: boolean;
}

/** @param isTrusted whether the workspace is */
export const studyDocuments = (log: vscode.LogOutputChannel, isTrusted: () => boolean) =>
  new DocumentStore<StudyReading, StudyPlaces, StudyLintFacts, ReadStudy>(STUDIES, async (changed) => {
    const core = await import("./reading.ts");
    const sources = ({ file, runsDir, base, space, looksFurther }: StudyPlaces) => [
      {
        key: JSON.stringify([file, runsDir, base, space, looksFurther]),
        gather: () => core.studyFacts(file, { base, space }, runsDir, looksFurther),
        stampNow: async () => (base === null ? "" : modified(resolvePath(dirname(file), base))),
      },
    ];
    const failed = (error: unknown) => log.error("Looking at the base of a study failed", error);
    return {
      facts: new FactStore<StudyPlaces, StudyLintFacts>(sources, changed, failed),
      home: async ({ scheme, fsPath }) => (scheme === "file" ? fsPath : null),
      read: core.readStudy,
      places: (reading, file, isAllowed, uri) => {
        const { base, space } = core.studySources(reading);
        return {
          file,
          runsDir: runsFolderFor(uri),
          base: base !== null && isAllowed(base) ? base : null,
          space: isTrusted() ? space : null,
          looksFurther: isTrusted(),
        };
      },
      lint: (reading, facts, place) => {
        const { base } = facts;
        return {
          ...place,
          ...reading,
          ...core.lintStudyReading(reading, facts, MOST_CONFIGURATIONS),
          base: base !== undefined && "text" in base ? core.readExperiment(base.text).experiment : null,
          lint: (text) => core.lintStudyReading(core.readStudy(text), facts, MOST_CONFIGURATIONS).diagnostics,
        };
      },
    };
  });
