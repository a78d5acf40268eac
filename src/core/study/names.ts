/** Names of studies. */

/** Ending of a study file's name. */
export const STUDY_ENDING = ".maskstudy.yaml";

/** "blocks.maskstudy.yaml" -> "blocks" */
export function studyName(file: string): string {
  const base = file.split(/[/\\]/).pop() ?? "";
  return base.replace(/(\.maskstudy)?\.ya?ml$/i, "") || "study";
}
