/**
 * How fast each training is, measured once: alone, all of them in turn, round after round, so that what slows the machine for a while slows all
 * alike. Seconds of a budget are then so many steps, whatever goes on beside the trainings.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { isReadBy, ruleOf } from "../../src/core/experiment/changeOnResume.ts";
import { applyOverrides } from "../../src/core/experiment/overrides.ts";
import { parseExperiment } from "../../src/core/experiment/parse.ts";
import { RUN_FORMAT_VERSION } from "../../src/core/run/format.ts";
import type { PlannedRun } from "../../src/core/study/plan.ts";
import { type StudyRecord, textsOf } from "../../src/core/study/record.ts";
import { replaceJson } from "../../src/node/run/files.ts";
import { hasWorker } from "../../src/node/run/queueWorker.ts";
import type { LoadedStudy } from "../../src/node/study/loadPlan.ts";
import { studyFolder } from "../../src/node/study/places.ts";
import { readStudyRecord, writeStudyRecord } from "../../src/node/study/recordFile.ts";

/** Measurements of each training, of which the quickest counts. */
export const ROUNDS = 3;

const speedsSchema = z.object({
  /** of the newest measurement, ISO 8601 */
  measuredAt: z.string(),
  /** seconds of a step, round by round, by the digest of what decides them */
  secondsPerStep: z.record(z.string(), z.array(z.number().positive())),
});
export type Speeds = z.output<typeof speedsSchema>;

const NONE: Speeds = { measuredAt: "", secondsPerStep: {} };

/** @returns no speeds where the file is not there; @throws where it is another file */
export function readSpeeds(file: string): Speeds {
  try {
    return speedsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NONE;
    throw error;
  }
}

/** Keys of a stage that change what is learned, or when something is saved, and not how long a step takes. */
const SAME_SPEED =
  /^(pretrain|finetune)\.(steps|lr|lr_schedule|warmup_steps|betas|weight_decay|ema_decay|from|weights|classes)$/;
const OTHER = /^(data\.(path|holdout|ignore|background|labels|hflip)|seed|sample\..*)$/;

const parsed = parseExperiment("data: {path: images}");
const DEFAULTS: Readonly<Record<string, unknown>> = parsed.ok ? parsed.experiment : {};
const isDefault = (section: string, name: string, value: unknown): boolean => {
  const usual = DEFAULTS[section] as Readonly<Record<string, unknown>> | undefined;
  return JSON.stringify(value) === JSON.stringify(usual?.[name]);
};

/** Equal for trainings whose steps take as long. Defaults are left out, so that a key which the schema gets later changes none. */
export function speedKey({ stage, experiment }: Pick<PlannedRun, "stage" | "experiment">): string {
  const facts: [string, unknown][] = [["stage", stage]];
  for (const [section, keys] of Object.entries(experiment)) {
    if (typeof keys !== "object") continue;
    for (const [name, value] of Object.entries(keys)) {
      const path = `${section}.${name}`;
      const decides = section === "engine" || name === "micro_batch_size" || ruleOf(path).may !== "silently";
      if (isDefault(section, name, value)) continue;
      if (isReadBy(stage, path) && decides && !SAME_SPEED.test(path) && !OTHER.test(path)) facts.push([path, value]);
    }
  }
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}

/** Seconds of a step: the least, since whatever else the machine does only slows it; null: not measured often enough. */
export function speedOf(run: Pick<PlannedRun, "stage" | "experiment">, { secondsPerStep }: Speeds): number | null {
  const rounds = secondsPerStep[speedKey(run)] ?? [];
  return rounds.length < ROUNDS ? null : Math.min(...rounds);
}

/** Runs `maskdm study time` with this on stdin and gives what it prints. */
export type TimeSteps = (input: string) => Promise<string>;

const timedSchema = z.object({ secondsPerStep: z.number().positive() });

/** Measures what is missing, and keeps each measurement at once: what breaks off goes on. */
export async function measureSpeeds(
  studies: readonly LoadedStudy[],
  file: string,
  time: TimeSteps,
  say: (line: string) => void,
): Promise<Speeds> {
  const asked = new Map<string, { readonly run: PlannedRun; readonly baseText: string }>();
  for (const { plan, texts } of studies) {
    for (const run of plan.runs.values()) if (!asked.has(speedKey(run))) asked.set(speedKey(run), { run, ...texts });
  }
  let speeds = readSpeeds(file);
  for (let round = 0; round < ROUNDS; round++) {
    let measured = 0;
    for (const [key, { run, baseText }] of asked) {
      const before = speeds.secondsPerStep[key] ?? [];
      if (before.length > round) continue;
      const text = applyOverrides(baseText, run.set);
      // A mask that changes is timed piece by piece; how often each is taken follows from the seconds.
      const request = { text, stage: run.stage, seconds: run.seconds ?? 60 };
      const { secondsPerStep } = timedSchema.parse(JSON.parse(await time(JSON.stringify(request))));
      speeds = {
        measuredAt: new Date().toISOString(),
        secondsPerStep: { ...speeds.secondsPerStep, [key]: [...before, secondsPerStep] },
      };
      mkdirSync(dirname(file), { recursive: true });
      replaceJson(file, speeds, false);
      measured++;
    }
    if (measured > 0) say(`speeds: round ${round + 1} of ${ROUNDS}, ${measured} of ${asked.size} trainings measured`);
  }
  return speeds;
}

/** Settles the steps of a study's trainings before it is started; what was settled before stays, and a study at work is let alone. */
export async function settleSteps({ plan, texts }: LoadedStudy, runsDir: string, speeds: Speeds): Promise<void> {
  const settled: StudyRecord["settled"] = {};
  for (const run of plan.runs.values()) {
    const secondsPerStep = speedOf(run, speeds);
    if (run.seconds === null || secondsPerStep === null) continue;
    settled[run.id] = { steps: Math.max(1, Math.floor(run.seconds / secondsPerStep)), secondsPerStep };
  }
  if (await hasWorker(studyFolder(runsDir, texts.name))) return;
  const read = readStudyRecord(runsDir, texts.name);
  const before: StudyRecord = read.ok
    ? read.value
    : {
        ...{ formatVersion: RUN_FORMAT_VERSION, ...textsOf(texts), startedAt: new Date().toISOString() },
        ...{ settled: {}, rungs: {}, givenUp: {}, failed: {}, evaluating: null, asked: "stop", message: null },
      };
  mkdirSync(studyFolder(runsDir, texts.name), { recursive: true });
  writeStudyRecord(runsDir, { ...before, settled: { ...settled, ...before.settled } });
}
