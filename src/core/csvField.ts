/** Cells of comma-separated values. */

/** Quoted where it must be, and never read as a formula by a spreadsheet. */
export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export type CsvCell = string | number | null;

/** Rows of cells; null: nothing is known. */
export const csvText = (rows: readonly (readonly CsvCell[])[]): string =>
  rows.map((row) => `${row.map(cellText).join(",")}\n`).join("");

const cellText = (cell: CsvCell): string => (typeof cell === "string" ? csvField(cell) : String(cell ?? ""));
