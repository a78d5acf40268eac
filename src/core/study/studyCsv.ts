/** A study as comma-separated values: a row for each configuration with its seeds folded, or one for each cell. Numbers are as exact as they are known. */

import { csvField } from "../csvField.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { StudyTable, TableCell, TableRow } from "./table.ts";
import { STANDING_WORDS } from "./words.ts";

type Value = string | number | null;

export function configurationsCsv(table: StudyTable): string {
  const keys = variedKeys(table);
  const head = [
    ...["configuration", ...keys, "n", table.metric, "interval_low", "interval_high", "standard_deviation"],
    ...["seconds", "standing", "difference_to_best", "difference_low", "difference_high", "difference_n"],
    ...["failed", "given_up", "refused", "unfinished"],
  ];
  const amount = (row: TableRow, ...kinds: TableCell["state"][]): number =>
    row.cells.filter(({ state }) => kinds.includes(state)).length;
  const rows = table.rows.map((row): Value[] => [
    ...[row.label, ...keyValues(table, row, keys), row.n, row.mean],
    ...[row.interval?.low ?? null, row.interval?.high ?? null, row.spread, row.seconds, STANDING_WORDS[row.standing]],
    ...[row.toBest?.mean ?? null, row.toBest?.low ?? null, row.toBest?.high ?? null, row.toBest?.n ?? null],
    ...[amount(row, "failed"), amount(row, "given up"), amount(row, "refused")],
    amount(row, "waiting", "training", "paused", "evaluating"),
  ]);
  return csv([head, ...rows]);
}

export function cellsCsv(table: StudyTable): string {
  const keys = variedKeys(table);
  const head = ["configuration", ...keys, "seed", "state", table.metric, "standard_error", "seconds", "runs", "reason"];
  const rows = table.rows.flatMap((row) =>
    row.cells.map((cell): Value[] => [
      ...[row.label, ...keyValues(table, row, keys), cell.seed, cell.state, cell.value, cell.error, cell.seconds],
      ...[cell.runs.join(" "), cell.reason],
    ]),
  );
  return csv([head, ...rows]);
}

/** Keys of the experiment, and of the budget, that any axis sets, in the order of the axes. */
export const variedKeys = ({ axes }: Pick<StudyTable, "axes">): string[] => [
  ...new Set(axes.flatMap(({ points }) => points.flatMap(({ values }) => Object.keys(values)))),
];

/** What a configuration has of each key; undefined: its axes leave it to the experiment. */
export function rowValues(
  { axes }: Pick<StudyTable, "axes">,
  { points }: Pick<TableRow, "points">,
): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...axes.map((axis, i) => axis.points[points[i]!]!.values));
}

function keyValues(table: StudyTable, row: TableRow, keys: readonly string[]): Value[] {
  const values = rowValues(table, row);
  return keys.map((key) => {
    const value = values[key];
    return value === undefined
      ? null
      : typeof value === "number" || typeof value === "string"
        ? value
        : yamlText(value);
  });
}

const csv = (rows: readonly (readonly Value[])[]): string => rows.map((row) => `${row.map(text).join(",")}\n`).join("");

const text = (value: Value): string => (typeof value === "string" ? csvField(value) : String(value ?? ""));
