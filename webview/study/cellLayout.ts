/** Cells as rows and columns: configurations by seeds, or points of two axes. */
import type { PlanOutline } from "../../src/core/study/results.ts";

export interface CellRow {
  readonly label: string;
  /** configurations that it stands for */
  readonly configurations: readonly number[];
  /** for each column the places of its cells in the plan */
  readonly columns: readonly (readonly number[])[];
}

export interface CellLayout {
  /** of the rows' labels */
  readonly corner: string;
  readonly columns: readonly string[];
  readonly rows: readonly CellRow[];
}

export function bySeeds({ configurations, seeds }: PlanOutline): CellLayout {
  return {
    corner: "configuration",
    columns: seeds.map((seed) => `seed ${seed}`),
    rows: configurations.map(({ index, label }) => ({
      label: label === "" ? "all" : label,
      configurations: [index],
      columns: seeds.map((_, i) => [index * seeds.length + i]),
    })),
  };
}

/** @param rowAxis place of the axis among the plan's; `columnAxis`, too */
export function byAxes({ axes, configurations, seeds }: PlanOutline, rowAxis: number, columnAxis: number): CellLayout {
  const [rows, columns] = [axes[rowAxis]!, axes[columnAxis]!];
  const cellsOf = (index: number) => seeds.map((_, i) => index * seeds.length + i);
  const short = (name: string) => name.split(".").at(-1) ?? name;
  return {
    corner: `${short(rows.name)} ↓  ${short(columns.name)} →`,
    columns: columns.points.map(({ label }) => label),
    rows: rows.points.map(({ label }, row) => {
      const own = configurations.filter(({ points }) => points[rowAxis] === row);
      return {
        label,
        configurations: own.map(({ index }) => index),
        columns: columns.points.map((_, column) =>
          own.filter(({ points }) => points[columnAxis] === column).flatMap(({ index }) => cellsOf(index)),
        ),
      };
    }),
  };
}
