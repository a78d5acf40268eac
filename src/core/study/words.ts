/** What a study says, in words: no more than the numbers can say. */
import { shortDuration } from "../series/timeAxis.ts";
import { median } from "./intervals.ts";
import { METRICS } from "./metrics.ts";
import type { StudyTable, TableRow } from "./table.ts";

/** More are noise to a reader. */
const MOST_DECIMALS = 6;

/** Values of the metric with as many decimals as their spread leaves meaning: two digits of a typical half interval, the same for all. */
export function metricFormat({ rows }: Pick<StudyTable, "rows">): (value: number) => string {
  const halves = rows.flatMap(({ interval }) => (interval === null ? [] : [(interval.high - interval.low) / 2]));
  const means = rows.flatMap((row) => row.mean ?? []);
  const typical =
    median(halves.filter((half) => half > 0)) ??
    (Math.max(...means) - Math.min(...means) || Math.abs(means[0] ?? 1)) / 20;
  const wanted = Number.isFinite(typical) && typical > 0 ? 1 - Math.floor(Math.log10(typical)) : 3;
  const decimals = Math.max(0, Math.min(MOST_DECIMALS, wanted));
  return (value) => value.toFixed(decimals).replace("-", "−");
}

/** 1.2 s as it is, from a minute on in its two largest units. */
export const secondsText = (seconds: number): string => shortDuration(seconds < 10 ? seconds : Math.round(seconds));

export const STANDING_WORDS: Readonly<Record<TableRow["standing"], string>> = {
  best: "best",
  "not different": "not different from the best",
  worse: "worse than the best",
  unsure: "cannot be told from the best",
  "no result": "no result",
};

/** How a configuration stands, with what says so. */
export function standingSentence({ standing, toBest, n }: TableRow, format: (value: number) => string): string {
  const paired = toBest === null ? "" : `${intervalText(toBest, format)} over ${toBest.n} seeds`;
  switch (standing) {
    case "best":
      return n < 2 ? "best mean, of one training: no more than a hint" : "best mean";
    case "not different":
      return `not different from the best: the paired interval of the difference, ${paired}, holds 0`;
    case "worse":
      return `worse than the best: the paired interval of the difference, ${paired}, does not hold 0`;
    case "unsure":
      return toBest === null
        ? "cannot be told from the best: they share fewer than two seeds"
        : `better than the best on the seeds that they share (${paired}), with fewer trainings`;
    case "no result":
      return "no result";
  }
}

export const intervalText = ({ low, high }: { low: number; high: number }, format: (value: number) => string): string =>
  `${format(low)} to ${format(high)}`;

/** "done 2, failed 1", in the order in which cells get there, the last first. */
export function statesText({ cells }: Pick<TableRow, "cells">): string {
  const order = ["done", "failed", "refused", "given up", "evaluating", "training", "paused", "waiting"] as const;
  return order
    .map((kind) => ({ kind, amount: cells.filter(({ state }) => state === kind).length }))
    .filter(({ amount }) => amount > 0)
    .map(({ kind, amount }) => (amount === cells.length ? kind : `${amount} ${kind}`))
    .join(", ");
}

/** A configuration in a few lines: a tooltip, and what a screen reader says. */
export function rowLines(row: TableRow, table: StudyTable): string[] {
  const format = metricFormat(table);
  const lines = [row.label];
  if (row.mean !== null) {
    const shown = row.interval === null ? "" : ` (95 % ${intervalText(row.interval, format)})`;
    lines.push(`${METRICS[table.metric].title} ${format(row.mean)}${shown}, n ${row.n}`);
    lines.push(standingSentence(row, format));
  }
  if (row.seconds !== null) lines.push(`${secondsText(row.seconds)} of training`);
  const states = statesText(row);
  if (states !== "done") lines.push(states);
  for (const reason of new Set(row.cells.flatMap((cell) => cell.reason ?? []))) lines.push(reason);
  return lines;
}
