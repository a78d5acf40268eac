/** The answer: configurations with their seeds folded, in charts that show the same choice. */

import { MOST_CURVES } from "../../src/core/protocol/study.ts";
import { METRIC_NAMES, METRICS, type MetricName } from "../../src/core/study/metrics.ts";
import { element } from "../ui/element.ts";
import { readPalette } from "../ui/palette.ts";
import { studyColours } from "./charts/colours.ts";
import { CurvesCard } from "./curvesCard.ts";
import { select } from "./fields.ts";
import { FoldedCards } from "./foldedCards.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { SamplesCard } from "./samplesCard.ts";
import type { SharedOptions } from "./sharedOptions.ts";

const STUDYS = "";

export class ResultsTab {
  readonly element: HTMLElement;
  private readonly metric: HTMLSelectElement;
  private readonly words = element("span", { class: "word" });
  private readonly clear = element("button", { class: "quiet with-text", type: "button" });
  private readonly charts: HTMLElement;
  private readonly empty = element("p", { class: "empty" });
  private readonly folded: FoldedCards;
  private readonly curves: CurvesCard;
  private readonly samples: SamplesCard;
  private colours = studyColours(readPalette());

  constructor(
    private readonly model: StudyModel,
    actions: PageActions,
  ) {
    this.metric = select<MetricName | typeof STUDYS>(
      "Metric of results",
      [[STUDYS, "the study's metric"], ...METRIC_NAMES.map((name) => [name, METRICS[name].title] as const)],
      (name) => actions.showMetric(name === STUDYS ? null : name),
    );
    this.clear.addEventListener("click", () => model.setView({ chosen: [] }));
    this.folded = new FoldedCards(model, actions);
    this.curves = new CurvesCard(model, actions);
    this.samples = new SamplesCard(actions);
    this.charts = element(
      "div",
      { class: "charts" },
      ...[...this.folded.elements, this.curves.element, this.samples.element],
    );
    this.element = element(
      "div",
      { class: "results-tab" },
      element("div", { class: "toolbar" }, element("label", {}, "Metric ", this.metric), this.words, this.clear),
      this.empty,
      this.charts,
    );
  }

  /** For another theme. */
  readColours(): void {
    this.colours = studyColours(readPalette());
  }

  update(): void {
    const { results, view, outline, table } = this.model;
    const hasAny = results !== null && results.counts.done > 0;
    this.metric.value = view.metric ?? STUDYS;
    this.metric.options[0]!.textContent = outline === null ? "" : `${METRICS[outline.metric].title} (the study's)`;
    this.empty.hidden = hasAny;
    this.empty.textContent =
      results !== null && view.metric !== null && results.metric === view.metric
        ? `No cell has a ${METRICS[results.metric].title} yet.`
        : "Nothing is measured yet: results are shown as soon as the first cell is done.";
    this.charts.hidden = !hasAny;
    if (results === null || table === null) return;
    const { description, better } = METRICS[results.metric];
    this.words.textContent = `${description}; ${better} is better`;
    const chosen = view.chosen.filter((row) => row < table.rows.length);
    this.clear.hidden = chosen.length === 0;
    this.clear.textContent = `${chosen.length} chosen: clear`;
    if (!hasAny) return;
    const shared: SharedOptions = {
      ...{ colours: this.colours, chosen },
      onChoose: (row) => this.choose(row),
      onHover: (row) => this.folded.hover(row),
    };
    this.folded.update(table, shared);
    this.curves.update(table, shared);
    this.samples.update(table, shared);
  }

  private choose(row: number): void {
    const { chosen } = this.model.view;
    const others = chosen.filter((other) => other !== row);
    this.model.setView({ chosen: others.length < chosen.length ? others : [...chosen, row].slice(-MOST_CURVES) });
  }
}
