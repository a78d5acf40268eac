/** What a resume tells before it goes on: what is otherwise from here on, and what of the user's file it does not use. */
import { type ChangedKey, changedKeys, isReadBy, onResume } from "../../core/experiment/changeOnResume.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { numberText, yamlText } from "../../core/experiment/yamlText.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { SessionChange } from "../../core/run/record.ts";
import { lrBorder } from "../../core/training/lrBorder.ts";
import { maskdmCommand, shellArgument } from "../../node/shellCommand.ts";

/** Changed keys as run.json records them. */
export const recordedChanges = (changes: readonly ChangedKey[]): SessionChange[] =>
  changes.map(({ path, from, to }) => ({ key: path, from: yamlText(from), to: yamlText(to) }));

/** A change of the learning rate that is worth a line, as a share. */
const SEEN = 0.05;

/**
 * What the command line changes about the steps to come.
 * @param step steps done
 */
export function changeNotes(former: Experiment, now: Experiment, stage: Stage, step: number): string[] {
  const noted = changedKeys(former, now).filter(
    (change) => isReadBy(stage, change.path) && onResume(change).may === "noted" && step > 0,
  );
  const lines = noted.map(
    ({ path, from, to }) => `from step ${step} on ${path} is ${yamlText(to)} (${yamlText(from)} before)`,
  );
  const border = lrBorder(former[stage], now[stage], step);
  if (border !== null && Math.abs(border.after - border.planned) > SEEN * border.planned) {
    const rate = (lr: number): string => numberText(Number(lr.toPrecision(2)));
    lines.push(`the learning rate goes from ${rate(border.before)} to ${rate(border.after)} at step ${step}`);
  }
  return lines;
}

/** The user's experiment file beside the one that a run froze. */
export interface UsersFile {
  /** as the user would write it */
  readonly name: string;
  readonly text: string;
  /** arguments of the command that trains the like from the start */
  readonly anew: readonly string[];
}

/**
 * What the user's file says otherwise than the run, unless the command line has the run so.
 * @param changes what the command line has changed in the run's sessions, the one to come included
 */
export function fileNotes(
  file: UsersFile,
  used: Experiment,
  stage: Stage,
  changes: readonly SessionChange[],
): string[] {
  const parsed = parseExperiment(file.text);
  if (!parsed.ok) {
    return [`${file.name} has errors now and was not looked at; the run goes on with its own copy of it`];
  }
  // What the file said where the command line took something else, from the first time on.
  const overridden = new Map<string, string>();
  for (const { key, from } of changes) if (!overridden.has(key)) overridden.set(key, from);
  const edited = changedKeys(used, parsed.experiment).filter(
    ({ path, to }) => isReadBy(stage, path) && overridden.get(path) !== yamlText(to),
  );
  if (edited.length === 0) return [];
  const lines = edited.map((change) => {
    const { path, from, to } = change;
    const remedy =
      onResume(change).may === "never"
        ? `that needs a run of its own: ${maskdmCommand(...file.anew)}`
        : `take it over with --set ${shellArgument(`${path}=${yamlText(to)}`)}`;
    return `  ${path} is ${yamlText(from)} in the run, ${yamlText(to)} in the file; ${remedy}`;
  });
  return [`${file.name} differs from the run's own copy of it, which is used:`, ...lines];
}
