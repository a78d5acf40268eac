/** The dashboard's page: runs on the left, and tabs of charts, samples, log and configs. */
import "../ui/base.css";
import "../ui/icons.css";
import "../ui/tabs.css";
import "../ui/menu.css";
import "./dashboard.css";
import "./runsList.css";
import "./tabs.css";
import "./charts.css";
import "./tables.css";
import "./samplesTab.css";
import "../ui/intervalPlot.css";
import "./qualityTab.css";
import "./logTab.css";
import "./configTab.css";
import "./narrow.css";
import { defineControls } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { Tabs } from "../ui/tabs.ts";
import { ChartsTab } from "./chartsTab.ts";
import { ConfigTab } from "./configTab.ts";
import { LogTab } from "./logTab.ts";
import { Model } from "./model.ts";
import { QualityTab } from "./qualityTab.ts";
import { RunsList } from "./runsList.ts";
import { SamplesTab } from "./samplesTab.ts";
import { registerSeriesCharts } from "./seriesController.ts";
import { remember, type Settings, settings } from "./settings.ts";

defineControls();
registerSeriesCharts();

const model = new Model();
const runs = new RunsList(model);
const charts = new ChartsTab(model);
const samples = new SamplesTab(model);
const quality = new QualityTab(model);
const log = new LogTab(model);
const config = new ConfigTab(model);
const shown = { charts, samples, quality, log, config } as const;

const tabs = new Tabs<Settings["tab"]>(
  [
    ["charts", "Charts", charts.root],
    ["samples", "Samples", samples.root],
    ["quality", "Quality", quality.root],
    ["log", "Log", log.root],
    ["config", "Config", config.root],
  ],
  (now, before) => {
    settings.tab = now;
    remember();
    if (before === "log") log.hide();
    const tab = shown[now];
    if ("show" in tab) tab.show();
  },
);

document.body.append(
  element("main", {}, runs.root, tabs.root),
  element("div", { id: "live", class: "visually-hidden", "aria-live": "polite" }),
  element("div", { id: "problem", role: "alert" }),
);

let begun = false;
model.on("runs", () => {
  // Until then nothing is known that the tabs could show.
  if (!begun) tabs.open(settings.tab);
  begun = true;
});
model.messenger.on("openTab", ({ tab }) => tabs.open(tab));
void model.messenger.request("ready", {});
