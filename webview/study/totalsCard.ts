/** What the study comes to before it starts: cells, trainings, what coincides, time, memory, disk. */
import { bytes, count, plural } from "../../src/core/numbers.ts";
import type { Configuration } from "../../src/core/study/plan.ts";
import { control } from "../ui/controls.ts";
import { duration } from "../ui/duration.ts";
import { element } from "../ui/element.ts";
import { factTile } from "../ui/factTile.ts";
import { icon } from "../ui/icons.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";

/** Listed at most. */
const LISTED = 200;

export class TotalsCard {
  readonly element: HTMLElement;
  private readonly tiles = {
    cells: factTile("Cells", "Configurations with each of their seeds"),
    trainings: factTile("Trainings", "Each is computed once, whoever shares it"),
    time: factTile("Time", "Predicted time of what is not there yet on this machine"),
    memory: factTile("Memory", "Predicted peak memory of the training that takes most"),
    disk: factTile("Disk", "Predicted size of the runs that are not there yet"),
  };
  private readonly coinciding = fold("coinciding");
  private readonly refused = fold("refused");
  private readonly basis = element("p", { class: "basis" });
  private readonly foot: HTMLElement;
  private readonly measureButton: HTMLElement & { disabled: boolean };

  constructor(
    private readonly model: StudyModel,
    actions: PageActions,
  ) {
    this.measureButton = control("button", { appearance: "secondary" }, icon("gauge"), "Measure this machine");
    this.measureButton.addEventListener("click", () => actions.measure());
    for (const part of [this.coinciding, this.refused]) {
      part.element.open = model.view.open.includes(part.name);
      part.element.addEventListener("toggle", () => {
        const others = model.view.open.filter((name) => name !== part.name);
        model.setView({ open: part.element.open ? [...others, part.name] : others });
      });
    }
    this.foot = element("div", { class: "facts-foot" }, this.basis, this.measureButton);
    this.element = element(
      "section",
      { class: "card totals", "aria-label": "What it comes to" },
      element("h2", {}, "What it comes to"),
      element("dl", { class: "tiles-of-facts" }, ...Object.values(this.tiles).map((each) => each.element)),
      this.foot,
      this.refused.element,
      this.coinciding.element,
    );
  }

  update(): void {
    const { plan, forecast, work } = this.model;
    this.element.classList.toggle("stale", plan?.kind !== "planned");
    if (plan?.kind !== "planned") return;
    const { outline, totals } = plan;
    const { configurations, seeds } = outline;
    const { cells, trainings, time, memory, disk } = this.tiles;
    cells.set(
      count(totals.cells),
      `${plural(configurations.length, "configuration")} × ${plural(seeds.length, "seed")}`,
    );
    const shared = totals.sharedPretrainings;
    const saved = totals.unshared - totals.trainings;
    trainings.set(
      count(totals.trainings),
      [
        ...(shared > 0 ? [`${count(shared)} shared ${shared === 1 ? "pretraining" : "pretrainings"}`] : []),
        saved > 0 ? `${count(saved)} fewer than one by one` : "nothing is shared",
      ].join(", "),
    );
    const isOver = forecast?.remaining === 0;
    for (const each of [time, memory, disk]) each.element.hidden = isOver;
    if (forecast !== null) {
      time.set(
        forecast.seconds === null ? "–" : duration(forecast.seconds),
        `${plural(forecast.remaining, "training")} to go`,
      );
      memory.set(bytes(forecast.memoryBytes), "of the largest training");
      disk.set(bytes(forecast.diskBytes), "at most, in all");
    }
    const isKnown = forecast != null && forecast.seconds !== null;
    this.foot.hidden = isOver;
    this.basis.textContent = isKnown
      ? "Trainings one after the other, estimated from steps measured on this machine; drawing and measuring come on top."
      : "The time is known once this machine was measured; it takes some seconds.";
    this.measureButton.disabled = work.measuring || !work.trusted;
    this.showRefused(configurations);
    this.showCoinciding(configurations);
  }

  private showRefused(configurations: readonly Configuration[]): void {
    const refused = configurations.filter(({ problems }) => problems.length > 0);
    this.refused.set(
      `${plural(refused.length, "configuration")} cannot be trained`,
      refused.slice(0, LISTED).map(({ label, problems }) => [label, problems.join(" ")]),
      refused.length,
    );
  }

  private showCoinciding(configurations: readonly Configuration[]): void {
    const { plan } = this.model;
    const { coincidences = [] } = plan?.kind === "planned" ? plan.totals : {};
    const extra = coincidences.reduce((sum, group) => sum + group.configurations.length - 1, 0);
    this.coinciding.set(
      `${plural(extra, "configuration")} ${extra === 1 ? "coincides" : "coincide"} with another, and ${extra === 1 ? "is" : "are"} computed once`,
      coincidences
        .slice(0, LISTED)
        .map(({ configurations: own, why }) => [own.map((index) => configurations[index]!.label).join(" = "), why]),
      extra,
    );
  }
}

function fold(name: string) {
  const title = element("span", {});
  const list = element("dl", { class: "fold-list" });
  const made = element("details", { class: "fold" }, element("summary", {}, icon("chevron"), title), list);
  return {
    name,
    element: made,
    set(text: string, rows: readonly (readonly [name: string, text: string])[], total: number) {
      made.hidden = total === 0;
      title.textContent = text;
      list.replaceChildren(
        ...rows.map(([term, more]) => element("div", {}, element("dt", {}, term), element("dd", {}, more))),
      );
    },
  };
}
