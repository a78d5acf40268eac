/** Drawn images of configurations side by side, from the same noise. */

import { MOST_STRIPS } from "../../src/core/protocol/study.ts";
import { sampledCells } from "../../src/core/study/charts/sampleStrips.ts";
import type { StudyTable } from "../../src/core/study/table.ts";
import { element } from "../ui/element.ts";
import { type MountedSamples, mountSamples } from "./charts/samples.ts";
import type { PageActions } from "./pageActions.ts";
import type { SharedOptions } from "./sharedOptions.ts";

/** Of an image, pixels. */
const SIDE = 48;
/** Configurations shown where none is chosen. */
const SHOWN = 8;

export class SamplesCard {
  readonly element: HTMLElement;
  private readonly place = element("div", { class: "chart-place" });
  private mounted: MountedSamples | null = null;
  private asked = "";

  constructor(private readonly actions: PageActions) {
    this.element = element(
      "section",
      { class: "card chart-card wide", "aria-label": "Samples", "data-chart": "samples" },
      element(
        "header",
        {},
        element("h2", {}, "Samples"),
        element("span", { class: "note" }, "the same noise in every column"),
      ),
      this.place,
    );
  }

  update(table: StudyTable, { chosen, onChoose }: SharedOptions): void {
    const all = sampledCells(table, chosen.length > 0 ? table.rows.length : SHOWN);
    const own = (chosen.length > 0 ? all.filter(({ row }) => chosen.includes(row.index)) : all).slice(0, MOST_STRIPS);
    const cells = own.map(({ row, cell }) => row.index * table.seeds.length + row.cells.indexOf(cell));
    const asked = JSON.stringify(cells);
    if (asked === this.asked) return;
    this.asked = asked;
    void this.actions.samples(cells).then((strips) => {
      if (asked !== this.asked) return;
      this.element.hidden = strips.length === 0;
      const options = { strips, side: SIDE, onChoose };
      if (this.mounted === null) this.mounted = mountSamples(this.place, table, options);
      else this.mounted.update(table, options);
    });
  }
}
