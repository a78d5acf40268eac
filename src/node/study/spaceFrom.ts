import { dirname } from "node:path";
import { spaceFile } from "../../core/run/evaluationSpaces.ts";
import { resolvePath } from "../homePath.ts";

/** A space of features as `maskdm evaluate` takes it, from wherever it is started: a file starts at the study file's folder. */
export function spaceFrom(space: string, studyFile: string): string {
  const file = spaceFile(space);
  return file === null ? space : space.slice(0, space.length - file.length) + resolvePath(dirname(studyFile), file);
}
