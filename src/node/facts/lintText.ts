/** Lint of a text in the place of a file, with what is known of the machine, the images and the weights that it names. */
import type { Diagnostic } from "../../core/experiment/diagnostic.ts";
import { lintExperiment } from "../../core/lint/lint.ts";
import { lintStudyReading } from "../../core/study/lint.ts";
import { STUDY_FILE } from "../../core/study/names.ts";
import { readStudy } from "../../core/study/read.ts";
import { experimentFacts, machineFacts } from "./experimentFacts.ts";
import { studyFacts, studySources } from "./studyFacts.ts";

/**
 * @param file path of an experiment or study file, by whose name the text is read
 * @param runsDir folder in which the run that finetune.from names is looked for; null: nothing that the text names is looked at
 */
export async function lintText(file: string, text: string, runsDir: string | null): Promise<readonly Diagnostic[]> {
  if (!STUDY_FILE.test(file))
    return lintExperiment(text, runsDir === null ? machineFacts() : await experimentFacts(file, text, runsDir));
  const reading = readStudy(text);
  const facts = runsDir === null ? {} : await studyFacts(file, studySources(reading), runsDir);
  return lintStudyReading(reading, facts).diagnostics;
}
