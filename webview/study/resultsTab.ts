/** The answer: configurations with their seeds folded, as charts and as a table. */
import { METRIC_NAMES, METRICS, type MetricName } from "../../src/core/study/metrics.ts";
import type { StudyResults } from "../../src/core/study/results.ts";
import { duration } from "../designer/numbers.ts";
import { element } from "../ui/element.ts";
import { select } from "./fields.ts";
import { metricText } from "./metricText.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";

const STUDYS = "";

export class ResultsTab {
  readonly element: HTMLElement;
  private readonly metric: HTMLSelectElement;
  private readonly words = element("span", { class: "word" });
  private readonly charts = element("div", { class: "charts" });
  private readonly body = element("tbody", {});
  private readonly table: HTMLElement;
  private readonly empty = element("p", { class: "empty" });

  constructor(
    private readonly model: StudyModel,
    actions: PageActions,
  ) {
    this.metric = select<MetricName | typeof STUDYS>(
      "Metric of results",
      [[STUDYS, "the study's metric"], ...METRIC_NAMES.map((name) => [name, METRICS[name].title] as const)],
      (name) => actions.showMetric(name === STUDYS ? null : name),
    );
    const head = ["configuration", "n", "mean", "95 % interval", "to the best", "standing", "training"];
    this.table = element(
      "table",
      { class: "results-table" },
      element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
      this.body,
    );
    this.element = element(
      "div",
      { class: "results-tab" },
      element("div", { class: "toolbar" }, element("label", {}, "Metric ", this.metric), this.words),
      this.empty,
      this.charts,
      element("section", { class: "card", "aria-label": "Table of results" }, this.table),
    );
  }

  update(): void {
    const { results, view, outline } = this.model;
    const hasAny = results !== null && results.counts.done > 0;
    this.metric.value = view.metric ?? STUDYS;
    this.metric.options[0]!.textContent = outline === null ? "" : `${METRICS[outline.metric].title} (the study's)`;
    this.empty.hidden = hasAny;
    this.empty.textContent =
      results !== null && view.metric !== null && results.metric === view.metric
        ? `No cell has ${METRICS[results.metric].title} yet.`
        : "Nothing is measured yet: results are shown as soon as the first cell is done.";
    this.charts.hidden = !hasAny;
    this.table.parentElement!.hidden = !hasAny;
    if (results === null) return;
    const { description, better } = METRICS[results.metric];
    this.words.textContent = `${description}; ${better} is better`;
    if (hasAny) this.body.replaceChildren(...rows(results));
  }
}

function rows({ configurations }: StudyResults): HTMLElement[] {
  return configurations.map(({ configuration, n, mean, interval, toBest, standing, seconds }) => {
    const range = (own: { readonly low: number; readonly high: number } | null) =>
      own === null ? "" : `${metricText(own.low)} … ${metricText(own.high)}`;
    const values = [
      String(n),
      mean === null ? "" : metricText(mean),
      range(interval),
      range(toBest),
      standing,
      seconds === null ? "" : duration(seconds),
    ];
    return element(
      "tr",
      { "data-standing": standing },
      element("th", { scope: "row" }, configuration.label === "" ? "all" : configuration.label),
      ...values.map((value) => element("td", {}, value)),
    );
  });
}
