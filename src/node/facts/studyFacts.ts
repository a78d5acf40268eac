/** What lint cannot know from a study's text alone: its base, the images, the file of its space. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { spaceFile } from "../../core/run/evaluationSpaces.ts";
import type { StudyReading } from "../../core/study/read.ts";
import type { BaseFacts, StudyLintFacts } from "../../core/study/studyRule.ts";
import { exists } from "../exists.ts";
import { resolvePath } from "../homePath.ts";
import { readStart } from "../readStart.ts";
import { systemReason } from "../systemReason.ts";
import { experimentFacts, machineFacts } from "./experimentFacts.ts";

/** What a study's text names outside itself. */
export interface StudySources {
  /** base as written; null: not known */
  readonly base: string | null;
  /** evaluate.space as written; null: not known */
  readonly space: string | null;
}

export function studySources({ partial, refused }: Pick<StudyReading, "partial" | "refused">): StudySources {
  return {
    base: partial === null || refused.has("base") ? null : partial.base,
    space: partial === null || refused.has("evaluate.space") ? null : partial.evaluate.space,
  };
}

/**
 * @param file path of the study file, which relative paths in it start from
 * @param runsDir folder in which the run that the base's finetune.from names is looked for
 * @param looksFurther false: at nothing that the base names in its turn
 */
export async function studyFacts(
  file: string,
  { base, space }: StudySources,
  runsDir: string,
  looksFurther = true,
): Promise<StudyLintFacts> {
  const folder = dirname(resolve(file));
  return {
    ...(base === null ? {} : { base: await baseFacts(resolvePath(folder, base), looksFurther ? runsDir : null) }),
    ...(space === null ? {} : { space: await spaceFacts(space, folder) }),
  };
}

async function baseFacts(file: string, runsDir: string | null): Promise<BaseFacts> {
  try {
    const text = await readFile(file, "utf8");
    return { text, facts: runsDir === null ? machineFacts() : await experimentFacts(file, text, runsDir) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { missing: systemReason(error) };
  }
}

/** The file's beginning is looked at, not the network: that is for the runtime. */
async function spaceFacts(space: string, folder: string): Promise<NonNullable<StudyLintFacts["space"]>> {
  const name = spaceFile(space);
  if (name === null) return "there";
  const file = resolvePath(folder, name);
  if (!(await exists(file))) return "missing";
  try {
    // An ONNX file is a protobuf message whose first field, 1, is the number of its format's version.
    return readStart(file, 1)[0] === 0x08 ? "there" : "no ONNX file";
  } catch {
    return "no ONNX file";
  }
}
