/** A study as comma-separated values: a row for each configuration with its seeds folded, or one for each cell. Numbers are as exact as they are known. */
import { type CsvCell, csvText } from "../csvField.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { keysOf, valuesAt } from "./axes.ts";
import { OPEN_STATES } from "./cellState.ts";
import type { StudyTable, TableCell, TableRow } from "./table.ts";
import { STANDING_WORDS } from "./words.ts";

export function configurationsCsv(table: StudyTable): string {
  const keys = keysOf(...table.axes);
  const head = [
    ...["configuration", ...keys, "n", table.metric, "interval_low", "interval_high", "standard_deviation"],
    ...["seconds", "standing", "difference_to_best", "difference_low", "difference_high", "difference_n"],
    ...["failed", "given_up", "refused", "unfinished"],
  ];
  const amount = (row: TableRow, ...kinds: TableCell["state"][]): number =>
    row.cells.filter(({ state }) => kinds.includes(state)).length;
  const rows = table.rows.map((row): CsvCell[] => [
    ...[row.label, ...keyValues(table, row, keys), row.n, row.mean],
    ...[row.interval?.low ?? null, row.interval?.high ?? null, row.spread, row.seconds, STANDING_WORDS[row.standing]],
    ...[row.toBest?.mean ?? null, row.toBest?.low ?? null, row.toBest?.high ?? null, row.toBest?.n ?? null],
    ...[amount(row, "failed"), amount(row, "given up"), amount(row, "refused")],
    amount(row, ...OPEN_STATES),
  ]);
  return csvText([head, ...rows]);
}

export function cellsCsv(table: StudyTable): string {
  const keys = keysOf(...table.axes);
  const head = ["configuration", ...keys, "seed", "state", table.metric, "standard_error", "seconds", "runs", "reason"];
  const rows = table.rows.flatMap((row) =>
    row.cells.map((cell): CsvCell[] => [
      ...[row.label, ...keyValues(table, row, keys), cell.seed, cell.state, cell.value, cell.error, cell.seconds],
      ...[cell.runs.join(" "), cell.reason],
    ]),
  );
  return csvText([head, ...rows]);
}

function keyValues(table: StudyTable, row: TableRow, keys: readonly string[]): CsvCell[] {
  const values = valuesAt(table.axes, row.points);
  return keys.map((key) => {
    const value = values[key];
    return value === undefined
      ? null
      : typeof value === "number" || typeof value === "string"
        ? value
        : yamlText(value);
  });
}
