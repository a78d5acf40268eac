/** What is made sure of before a study is started. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../../core/errors.ts";
import { STAGE_NAMES } from "../../../core/random/streams.ts";
import { studyChanges } from "../../../core/study/changes.ts";
import { METRICS } from "../../../core/study/metrics.ts";
import { resolvePath } from "../../../node/homePath.ts";
import { isThere } from "../../../node/images/archives/shards.ts";
import { type LoadedStudy, planTexts } from "../../../node/study/loadPlan.ts";
import { readStudyRecord } from "../../../node/study/recordFile.ts";
import { spaceFrom } from "../../../node/study/spaceFrom.ts";
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

/** @throws UserError where none of a stage's folders of images is there: what varies may name a wrong one among others */
export function checkImages({ texts, plan }: LoadedStudy): void {
  const folder = dirname(texts.baseFile);
  for (const stage of STAGE_NAMES) {
    const runs = [...plan.runs.values()].filter((run) => run.stage === stage);
    const folders = new Set(runs.map(({ experiment }) => experiment.data.path));
    if (runs.length === 0 || [...folders].some((path) => isThere(resolvePath(folder, path)))) continue;
    throw new UserError(
      `${texts.baseFile}: data.path: there is no folder ${[...folders].map((path) => JSON.stringify(path)).join(", nor ")}. A relative path starts at the experiment file's folder.`,
    );
  }
}

/** Rather than after hours of training. @throws UserError where the space of features cannot be used */
export async function checkSpace({ texts, plan }: LoadedStudy): Promise<void> {
  if (METRICS[plan.study.metric].of === null) return;
  const { openSpace } = await import("../../evaluation/featureSpace.ts");
  const space = await openSpace(spaceFrom(plan.study.evaluate.space, texts.studyFile), 1);
  await space.close();
}
