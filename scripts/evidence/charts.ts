/** Pictures of a study: the measure over budgets where they vary, else every configuration with its trainings. */
import type { StudyFacts } from "../../src/core/study/cellState.ts";
import { curvesSvg } from "../../src/core/study/charts/curves.ts";
import { dotPlotSvg } from "../../src/core/study/charts/dotPlot.ts";
import { LIGHT } from "../../src/core/study/charts/look.ts";
import { foldSeeds } from "../../src/core/study/charts/seedCurves.ts";
import type { StudyPlan } from "../../src/core/study/plan.ts";
import { type Group, groupsOf, tableOf } from "./compare.ts";

export interface Chart {
  /** what it shows besides the study; empty: nothing */
  readonly label: string;
  readonly svg: string;
}

const WIDTH = 860;
const HEIGHT = 380;

/** None where nothing is done. @param names see `groupsOf` */
export function charts(plan: StudyPlan, facts: StudyFacts, names?: readonly string[]): Chart[] {
  const groups = groupsOf(plan, names);
  const [, over, ...others] = plan.axes;
  if (over?.name === "budget.seconds" && others.length === 0) {
    const svg = overBudgets(
      groups,
      over.points.map(({ values }) => Number(values[over.name])),
      facts,
    );
    return svg === null ? [] : [{ label: "", svg }];
  }
  return groups.flatMap(({ label, plan: own }) => {
    const table = tableOf(own, facts);
    const isEmpty = table.rows.every(({ n }) => n === 0);
    return isEmpty ? [] : [{ label, svg: dotPlotSvg(table, { width: WIDTH, colours: LIGHT, order: "plan" }) }];
  });
}

/** @param budgets seconds of each group */
function overBudgets(groups: readonly Group[], budgets: readonly number[], facts: StudyFacts): string | null {
  const tables = groups.map(({ plan }) => tableOf(plan, facts));
  const last = tables.at(-1)!;
  const curves = last.rows.flatMap(({ index }) => {
    const series = last.seeds.map((_, s) => {
      const known = tables.flatMap(({ rows }, g) => {
        const value = rows[index]!.cells[s]?.value ?? null;
        return value === null ? [] : [{ x: budgets[g]!, value }];
      });
      known.sort((a, b) => a.x - b.x);
      return { xs: Float64Array.from(known, ({ x }) => x), ys: Float32Array.from(known, ({ value }) => value) };
    });
    return foldSeeds(index, series) ?? [];
  });
  if (curves.length === 0) return null;
  const measure = last.metric === "held_out_loss" ? "heldOutLoss" : "kid";
  const look = { width: WIDTH, height: HEIGHT, colours: LIGHT };
  return curvesSvg(last, { ...look, curves, measure, axis: "seconds", band: "interval" });
}
