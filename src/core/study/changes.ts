/** What differs between a study as it was started before and as it is now. */
import type { Axis } from "./axes.ts";
import type { StudyPlan } from "./plan.ts";

export interface StudyChanges {
  /** a line each, for people; none: the cells are the same */
  readonly lines: readonly string[];
  /** none of the cells that there were is one now: nothing that was computed counts */
  readonly isOther: boolean;
}

export function studyChanges(before: StudyPlan, after: StudyPlan): StudyChanges {
  const [old, now] = [keysOf(before), keysOf(after)];
  const added = [...now].filter((key) => !old.has(key)).length;
  const gone = [...old].filter((key) => !now.has(key)).length;
  if (added === 0 && gone === 0) return { lines: [], isOther: false };
  const isOther = gone === old.size && old.size > 0;
  const differences = [...axisChanges(before.axes, after.axes), ...seedChanges(before.seeds, after.seeds)];
  const cause = differences.length === 0 ? ["The experiment, the budget, or how is evaluated has changed."] : [];
  const counts = `${cells(added)} new, ${cells(gone)} no longer part of the study, ${cells(old.size - gone)} the same.`;
  return { lines: [...differences, ...cause, counts], isOther };
}

const keysOf = ({ cells: all }: StudyPlan): Set<string> => new Set(all.map(({ key }) => key));
const cells = (count: number): string => (count === 1 ? "1 cell is" : `${count} cells are`);

function axisChanges(before: readonly Axis[], after: readonly Axis[]): string[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  return names.flatMap((name) => {
    const labels = (axes: readonly Axis[]) => axes.find((axis) => axis.name === name)?.points.map(({ label }) => label);
    const [old, now] = [labels(before), labels(after)];
    if (old === undefined) return [`${name} varies now.`];
    if (now === undefined) return [`${name} no longer varies.`];
    return listChanges(name, old, now);
  });
}

const seedChanges = (before: readonly number[], after: readonly number[]): string[] =>
  listChanges("seeds", before.map(String), after.map(String));

function listChanges(name: string, old: readonly string[], now: readonly string[]): string[] {
  const added = now.filter((label) => !old.includes(label));
  const gone = old.filter((label) => !now.includes(label));
  return [
    ...(added.length > 0 ? [`${name}: new ${added.join(", ")}.`] : []),
    ...(gone.length > 0 ? [`${name}: no longer ${gone.join(", ")}.`] : []),
  ];
}
