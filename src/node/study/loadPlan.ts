/** From a study file to its plan. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Diagnostic } from "../../core/experiment/diagnostic.ts";
import { readYaml } from "../../core/experiment/yamlReader.ts";
import { experimentName } from "../../core/run/names.ts";
import { studyName } from "../../core/study/names.ts";
import { planStudy, type StudyPlan } from "../../core/study/plan.ts";
import { readStudy } from "../../core/study/read.ts";
import type { StudyTexts } from "../../core/study/record.ts";
import { resolvePath } from "../homePath.ts";
import { systemReason } from "../systemReason.ts";

export interface LoadedStudy {
  readonly texts: StudyTexts;
  readonly plan: StudyPlan;
}

/** What keeps a study from being planned. */
export interface StudyProblems {
  /** the file that they are in: the study's or the experiment's */
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
  /** instead of diagnostics: why a file cannot be read, or how the study is too large */
  readonly reason: string | null;
}

export type StudyLoad = { readonly ok: true; readonly value: LoadedStudy } | ({ readonly ok: false } & StudyProblems);

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Reads a study file and the experiment that it names.
 * @param read text of a file, for who has it open and changed; throws as readFileSync
 */
export function loadPlan(
  file: string,
  read: (path: string) => string = (path) => readFileSync(path, "utf8"),
): StudyLoad {
  const studyFile = resolve(file);
  const textOf = (path: string): string | StudyLoad => {
    try {
      return read(path);
    } catch (error) {
      return { ok: false, file: path, diagnostics: [], reason: `it cannot be read: ${systemReason(error)}` };
    }
  };
  const studyText = textOf(studyFile);
  if (typeof studyText !== "string") return studyText;
  const { study, diagnostics } = readStudy(studyText);
  if (study === null) return { ok: false, file: studyFile, diagnostics, reason: null };
  const baseFile = resolvePath(dirname(studyFile), study.base);
  const baseText = textOf(baseFile);
  if (typeof baseText !== "string") return baseText;
  return planTexts({ name: studyName(studyFile), studyFile, studyText, baseFile, baseText });
}

/** The plan of texts that were read before. */
export function planTexts(texts: StudyTexts): StudyLoad {
  const { study, diagnostics } = readStudy(texts.studyText);
  if (study === null) return { ok: false, file: texts.studyFile, diagnostics, reason: null };
  // Keys that the axes give may be missing or wrong in the experiment; what is no YAML has none.
  const base = readYaml(texts.baseText);
  if (base.value === undefined) return { ok: false, file: texts.baseFile, diagnostics: base.diagnostics, reason: null };
  try {
    const plan = planStudy(study, { baseText: texts.baseText, baseName: experimentName(texts.baseFile), digest });
    return { ok: true, value: { texts, plan } };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, file: texts.studyFile, diagnostics: [], reason: error.message };
  }
}
