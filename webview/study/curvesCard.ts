/** Curves of the chosen configurations over their training; of the best few where none is chosen. */
import { MEASURE_TITLES } from "../../src/core/study/charts/curves.ts";
import { CURVE_MEASURES, type SeedCurve } from "../../src/core/study/charts/seedCurves.ts";
import { cellsCsv } from "../../src/core/study/studyCsv.ts";
import { rankedRows, type StudyTable } from "../../src/core/study/table.ts";
import { element } from "../ui/element.ts";
import { segmented } from "../ui/segmented.ts";
import { chartCard } from "./chartCard.ts";
import { mountCurves } from "./charts/pictures.ts";
import { select } from "./fields.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import type { SharedOptions } from "./sharedOptions.ts";

const HEIGHT = 320;
/** Shown where none is chosen. */
const BEST = 4;

export class CurvesCard {
  readonly element: HTMLElement;
  private readonly card;
  private readonly note = element("p", { class: "note" });
  private readonly measure;
  private readonly axis;
  private readonly band;
  private chart: ReturnType<typeof mountCurves> | null = null;
  private curves: readonly SeedCurve[] = [];
  private asked = "";

  constructor(
    private readonly model: StudyModel,
    private readonly actions: PageActions,
  ) {
    this.measure = select(
      "Measure",
      CURVE_MEASURES.map((name) => [name, MEASURE_TITLES[name]] as const),
      (measure) => model.setView({ measure }),
    );
    this.axis = segmented(
      "Horizontal axis",
      [
        { value: "step", label: "steps" },
        { value: "seconds", label: "time" },
      ],
      (curveAxis) => model.setView({ curveAxis }),
    );
    this.band = segmented(
      "Band",
      [
        { value: "range", label: "all seeds", title: "From the lowest seed to the highest" },
        { value: "interval", label: "95 %", title: "95 % interval of the mean" },
      ],
      (band) => model.setView({ band }),
    );
    this.card = chartCard("Curves", [this.measure, this.axis.element, this.band.element], actions.save);
    this.element = this.card.element;
    this.card.place.before(this.note);
  }

  update(table: StudyTable, shared: SharedOptions): void {
    const { measure, curveAxis, band } = this.model.view;
    this.measure.value = measure;
    this.axis.set(curveAxis);
    this.band.set(band);
    const begun = rankedRows(table).filter(({ n }) => n > 0);
    const rows = shared.chosen.length > 0 ? shared.chosen : begun.slice(0, BEST).map(({ index }) => index);
    this.note.textContent =
      shared.chosen.length > 0 ? "" : "Of the best configurations; click configurations in other charts to choose.";
    void this.load(table, rows);
    const options = { ...shared, height: HEIGHT, curves: this.curves, measure, axis: curveAxis, band };
    if (this.chart === null) this.chart = mountCurves(this.card.place, table, options);
    else this.chart.update(table, options);
    const { chart } = this;
    this.card.setContent({ svg: () => chart.svg(), csv: () => cellsCsv(table) });
  }

  /** Asks for curves that are not there, or have become longer by a cell that is done. */
  private async load(table: StudyTable, rows: readonly number[]): Promise<void> {
    const { measure, curveAxis } = this.model.view;
    const asked = JSON.stringify([rows, measure, curveAxis, rows.map((row) => table.rows[row]?.n)]);
    if (asked === this.asked) return;
    this.asked = asked;
    const curves = await this.actions.curves({ configurations: [...rows], measure, axis: curveAxis }).catch(() => []);
    if (asked !== this.asked) return;
    this.curves = curves;
    this.chart?.update(table, { curves, measure, axis: curveAxis });
    const isEmpty = curves.length === 0;
    this.card.place.classList.toggle("without", isEmpty);
    if (isEmpty) this.note.textContent = `No run has measured ${MEASURE_TITLES[measure].toLowerCase()} in training.`;
  }
}
