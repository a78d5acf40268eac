/** What is made sure of before a study is started. */
import { existsSync } from "node:fs";
import { UserError } from "../../../core/errors.ts";
import { studyChanges } from "../../../core/study/changes.ts";
import { metricSpec } from "../../../core/study/metrics.ts";
import { type LoadedStudy, planTexts } from "../../../node/study/loadPlan.ts";
import { readStudyRecord } from "../../../node/study/places.ts";
import type { Io } from "../io.ts";

/**
 * Says what differs from how the study was started before.
 * @returns whether it has become another one altogether
 * @throws UserError where a study of that name belongs to another file
 */
export function sayChanges({ texts, plan }: LoadedStudy, runsDir: string, io: Io): boolean {
  const before = readStudyRecord(runsDir, texts.name);
  if (!before.ok) return false;
  const { studyFile } = before.value;
  if (studyFile !== texts.studyFile && existsSync(studyFile)) {
    throw new UserError(
      `A study named ${texts.name} was started from ${studyFile} in ${runsDir}. Rename ${texts.studyFile}, or use another --runs-dir.`,
    );
  }
  const former = planTexts(before.value);
  if (!former.ok) return false;
  const { lines, isOther } = studyChanges(former.value.plan, plan);
  if (lines.length > 0)
    io.stderr(`It was started before, and has changed since:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  return isOther;
}

/** Rather than after hours of training. @throws UserError where the space of features cannot be used */
export async function checkSpace({ texts, plan }: LoadedStudy): Promise<void> {
  if (metricSpec(plan.study.metric).of === null) return;
  const [{ openSpace }, { spaceFrom }] = await Promise.all([
    import("../../evaluation/featureSpace.ts"),
    import("../../study/evaluating.ts"),
  ]);
  const space = await openSpace(spaceFrom(plan.study.evaluate.space, texts.studyFile), 1);
  await space.close();
}
