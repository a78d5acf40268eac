/** Facts about the runs, and their experiments side by side. */
import type { DetailsResult, RunDetails } from "../../src/core/protocol/dashboard.ts";
import { differingKeys } from "../../src/core/series/flatConfig.ts";
import { type CheckControl, control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { lineSample } from "./iconButton.ts";
import type { Model } from "./model.ts";
import { report } from "./report.ts";
import { remember, settings } from "./settings.ts";

export class ConfigTab {
  readonly root: HTMLElement;
  private readonly content = element("div", { class: "config" });
  private readonly all = control<CheckControl>("checkbox", {}, "Show keys that are the same");
  private details: DetailsResult = { runs: [], defaults: {} };

  constructor(private readonly model: Model) {
    this.all.checked = settings.configAll;
    this.all.addEventListener("change", () => {
      settings.configAll = this.all.checked;
      remember();
      this.draw();
    });
    const hint = element("span", { class: "hint" }, "Values other than the default are bold.");
    const toolbar = element("div", { class: "toolbar" }, this.all, element("span", { class: "stretch" }), hint);
    this.root = element("div", { class: "config-tab" }, toolbar, this.content);
    model.on("runs", () => this.show());
    model.on("theme", () => this.draw());
  }

  /** Reads the facts anew; to be called when the tab is shown. */
  show(): void {
    if (settings.tab !== "config") return;
    void report(this.model.messenger.request("details", {})).then((details) => {
      if (details === undefined) return;
      this.details = details;
      this.draw();
    });
  }

  private draw(): void {
    const { runs, defaults } = this.details;
    const configs = runs.flatMap(({ config }) => (config === null ? [] : [config]));
    const differing = new Set(differingKeys(configs));
    this.all.hidden = runs.length < 2;
    const keys = [...new Set(configs.flatMap((config) => Object.keys(config)))];
    const shown = runs.length < 2 || settings.configAll ? keys : keys.filter((key) => differing.has(key));
    const experiment = this.table(
      runs.length < 2 ? "Experiment" : `Experiment: ${differing.size} of ${keys.length} keys differ`,
      shown.map((key) => ({
        key,
        differs: runs.length > 1 && differing.has(key),
        values: runs.map(({ config }) => ({
          text: config === null ? "cannot be read" : (config[key] ?? ""),
          strong: config !== null && key in defaults && config[key] !== defaults[key],
        })),
      })),
    );
    const names = [...new Set(runs.flatMap(({ facts }) => facts.map(([name]) => name)))];
    const facts = this.table(
      runs.length < 2 ? "Run" : "Runs",
      names.map((name) => ({
        key: name,
        differs: false,
        values: runs.map((run) => ({ text: factOf(run, name), strong: false })),
      })),
    );
    this.content.classList.toggle("everything", settings.configAll);
    this.content.replaceChildren(experiment, facts);
  }

  private table(
    title: string,
    rows: readonly { key: string; differs: boolean; values: readonly { text: string; strong: boolean }[] }[],
  ): HTMLElement {
    const head = element("tr", {}, element("td"));
    for (const { dir } of this.details.runs) {
      const run = this.model.runs.find((other) => other.dir === dir);
      if (run === undefined) continue;
      head.append(
        element("th", { scope: "col", title: run.id }, lineSample(this.model.palette.style(run.slot)), ` ${run.label}`),
      );
    }
    const body = rows.map(({ key, differs, values }) => {
      const cells = values.map(({ text, strong }) => element("td", strong ? { class: "strong" } : {}, text));
      return element("tr", differs ? { class: "differs" } : {}, element("th", { scope: "row" }, key), ...cells);
    });
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
    return element("section", {}, element("h2", {}, title), element("div", { class: "scroller" }, table));
  }
}

const factOf = (run: RunDetails, name: string): string => run.facts.find(([other]) => other === name)?.[1] ?? "";
