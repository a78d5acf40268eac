/** The charts of folded results: heat map, all configurations, quality against time, parallel coordinates. */
import { heatMapChoice } from "../../src/core/study/charts/heatMap.ts";
import type { ParallelFilter } from "../../src/core/study/charts/parallel.ts";
import { configurationsCsv } from "../../src/core/study/studyCsv.ts";
import type { StudyTable } from "../../src/core/study/table.ts";
import { element } from "../ui/element.ts";
import { segmented } from "../ui/segmented.ts";
import { chartCard } from "./chartCard.ts";
import type { MountedChart } from "./charts/chartView.ts";
import { mountParallelCoordinates } from "./charts/parallelCoordinates.ts";
import { mountDotPlot, mountHeatMap, mountPareto } from "./charts/pictures.ts";
import { select } from "./fields.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import type { SharedOptions } from "./sharedOptions.ts";

const PARETO_HEIGHT = 320;
const PARALLEL_HEIGHT = 320;

export class FoldedCards {
  readonly elements: readonly HTMLElement[];
  private readonly axes = element("span", { class: "axis-choice" });
  private readonly order = segmented(
    "Order",
    [
      { value: "metric", label: "best first" },
      { value: "plan", label: "as planned" },
    ],
    (dotOrder) => this.model.setView({ dotOrder }),
  );
  private readonly cards;
  private mounted: {
    readonly heat: ReturnType<typeof mountHeatMap>;
    readonly dots: ReturnType<typeof mountDotPlot>;
    readonly pareto: ReturnType<typeof mountPareto>;
    readonly parallel: ReturnType<typeof mountParallelCoordinates>;
  } | null = null;
  private axesShown = "";

  constructor(
    private readonly model: StudyModel,
    { save }: PageActions,
  ) {
    this.cards = {
      heat: chartCard("Heat map", [this.axes], save),
      dots: chartCard("Configurations", [this.order.element], save),
      pareto: chartCard("Quality against time", [], save),
      parallel: chartCard("Parallel coordinates", [], save),
    };
    this.elements = Object.values(this.cards).map((card) => card.element);
  }

  update(table: StudyTable, shared: SharedOptions): void {
    const { view } = this.model;
    this.order.set(view.dotOrder);
    this.showAxes(table);
    const heat = { ...shared, choice: view.heat };
    const dots = { ...shared, order: view.dotOrder };
    const pareto = { ...shared, height: PARETO_HEIGHT };
    const parallel = {
      ...{ ...shared, height: PARALLEL_HEIGHT, filter: view.filter },
      onFilter: (filter: ParallelFilter) => this.model.setView({ filter: { ...filter, ranges: { ...filter.ranges } } }),
    };
    if (this.mounted === null) {
      const { cards } = this;
      this.mounted = {
        heat: mountHeatMap(cards.heat.place, table, heat),
        dots: mountDotPlot(cards.dots.place, table, dots),
        pareto: mountPareto(cards.pareto.place, table, pareto),
        parallel: mountParallelCoordinates(cards.parallel.place, table, parallel),
      };
    } else {
      this.mounted.heat.update(table, heat);
      this.mounted.dots.update(table, dots);
      this.mounted.pareto.update(table, pareto);
      this.mounted.parallel.update(table, parallel);
    }
    for (const [name, chart] of Object.entries(this.mounted) as [keyof typeof this.cards, MountedChart<never>][]) {
      this.cards[name].setContent({ svg: () => chart.svg(), csv: () => configurationsCsv(table) });
    }
  }

  /** The row that the pointer is on in one chart stands out in all. */
  hover(row: number | null): void {
    const { table } = this.model;
    if (table === null || this.mounted === null) return;
    for (const chart of Object.values(this.mounted) as MountedChart<{ hovered?: number | null } & never>[]) {
      chart.update(table, { hovered: row } as never);
    }
  }

  /** Which axes the heat map has: only of a study of more than two is there a choice. */
  private showAxes(table: StudyTable): void {
    const { axes } = table;
    this.axes.hidden = axes.length < 3;
    this.axes.parentElement?.classList.toggle("own-line", axes.length > 2);
    const now = this.model.view.heat ?? heatMapChoice(table);
    const shown = JSON.stringify([axes.map(({ name, points }) => [name, points.length]), now]);
    if (shown === this.axesShown || axes.length < 3) return;
    this.axesShown = shown;
    const names = axes.map(({ name }, i) => [String(i), name] as const);
    const choice = (word: string, own: "x" | "y", other: "x" | "y") => {
      const made = select(word, names, (value) => {
        const at = Number(value);
        const heat = { ...now, [own]: at, ...(at === now[other] ? { [other]: now[own] } : {}) };
        const fixed = Object.fromEntries(
          Object.entries(heat.fixed).filter(([axis]) => Number(axis) !== heat.x && Number(axis) !== heat.y),
        );
        this.model.setView({ heat: { ...heat, fixed } });
      });
      made.value = String(now[own]);
      return element("label", {}, `${word} `, made);
    };
    const others = axes.flatMap(({ name, points }, i) => {
      if (i === now.x || i === now.y) return [];
      const choices = [["", "all"] as const, ...points.map(({ label }, at) => [String(at), label] as const)];
      const made = select(name, choices, (value) => {
        const { [String(i)]: _, ...fixed } = now.fixed as Readonly<Record<string, number>>;
        this.model.setView({ heat: { ...now, fixed: value === "" ? fixed : { ...fixed, [i]: Number(value) } } });
      });
      made.value = String(now.fixed[i] ?? "");
      return [element("label", {}, `${name.split(".").at(-1)} `, made)];
    });
    this.axes.replaceChildren(choice("down", "y", "x"), choice("across", "x", "y"), ...others);
  }
}
