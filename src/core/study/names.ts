/** Names of studies. */

/** Ending of a study file's name. */
export const STUDY_ENDING = ".maskstudy.yaml";

/** Whether a name or path is a study file's. */
export const STUDY_FILE = /\.maskstudy\.ya?ml$/i;

/** "blocks.maskstudy.yaml" -> "blocks" */
export function studyName(file: string): string {
  const base = file.split(/[/\\]/).pop() ?? "";
  return base.replace(/(\.maskstudy)?\.ya?ml$/i, "") || "study";
}
