/** The page of the study editor. */
import "../ui/base.css";
import "../ui/icons.css";
import "../ui/editor.css";
import "../ui/segmented.css";
import "../ui/problems.css";
import "../ui/facts.css";
import "../ui/menu.css";
import "../ui/toast.css";
import "../ui/tabs.css";
import "./study.css";
import "./plan.css";
import "./cells.css";
import "./results.css";
import "./charts/charts.css";
import type { StudyProtocol } from "../../src/core/protocol/study.ts";
import { defineControls } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { Messenger } from "../ui/messenger.ts";
import { onScrolled } from "../ui/onScrolled.ts";
import { Tabs } from "../ui/tabs.ts";
import { Toast } from "../ui/toast.ts";
import { CellsTab } from "./cellsTab.ts";
import { Header } from "./header.ts";
import { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { PlanTab } from "./planTab.ts";
import { ResultsTab } from "./resultsTab.ts";
import { loadViewState, saveViewState, type TabName } from "./viewState.ts";

defineControls();
const messenger = new Messenger<StudyProtocol>();
const model = new StudyModel(loadViewState());
const toast = new Toast();
const { refuse } = toast;

const actions: PageActions = {
  edit: (...changes) => {
    messenger.request("edit", { changes: changes as never }).catch((error: unknown) => {
      refuse(error);
      // What was typed is not in the file: the form shows the file again.
      model.tell("text");
    });
  },
  fix: ({ code, line, column }) => {
    messenger.request("fix", { version: model.version, code, line, column }).catch(refuse);
  },
  reveal: ({ line, column }) => void messenger.request("reveal", { line, column }).catch(refuse),
  openText: () => void messenger.request("openText", {}).catch(refuse),
  openBase: (as) => void messenger.request("openBase", { as }).catch(refuse),
  chooseBase: () => void messenger.request("chooseBase", {}).catch(refuse),
  act: (action) => void messenger.request("act", { action }).catch(refuse),
  copyCommand: (action) => {
    messenger.request("copyCommand", { action }).then(() => toast.say(`Copied: ${model.commands[action]}`), refuse);
  },
  openRuns: (cells) => void messenger.request("openRuns", { cells: [...cells] }).catch(refuse),
  openLog: () => void messenger.request("openLog", {}).catch(refuse),
  curves: (params) => messenger.request("curves", params),
  samples: (cells) => messenger.request("samples", { cells: [...cells] }),
  showMetric: (metric) => {
    model.setView({ metric });
    messenger.request("metric", { metric }).catch(refuse);
  },
  measure: () => void messenger.request("measure", {}).catch(refuse),
  manageTrust: () => void messenger.request("manageTrust", {}).catch(refuse),
  save: async (name, kind, bytes) => {
    try {
      await messenger.request("save", { name, kind, bytes });
    } catch (error) {
      refuse(error);
    }
  },
};

const header = new Header(model, actions);
const plan = new PlanTab(model, actions);
const cells = new CellsTab(model, actions);
const results = new ResultsTab(model, actions);
const tabs = new Tabs<TabName>(
  [
    ["plan", "Plan", plan.element],
    ["cells", "Cells", cells.element],
    ["results", "Results", results.element],
  ],
  (tab) => {
    model.setView({ tab });
    if (tab === "results") results.update();
  },
);
tabs.list.append(header.command);
const page = element("main", { class: "study", hidden: "" }, header.element, tabs.root, toast.element);
document.body.append(page);

model.onChange((aspect, changed) => {
  if (aspect === "theme") results.readColours();
  if (aspect === "view") saveViewState(model.view);
  if (aspect !== "view" && aspect !== "theme") header.update();
  if (aspect === "text" || aspect === "plan" || aspect === "work" || aspect === "forecast") plan.update(aspect);
  if (aspect === "plan" || aspect === "view") cells.layOut();
  if (aspect === "cells") cells.update(changed);
  if (aspect !== "text" && aspect !== "forecast" && model.view.tab === "results") results.update();
});
messenger.on("document", (document) => model.setDocument(document));
messenger.on("problems", (problems) => model.setProblems(problems));
messenger.on("plan", (state) => model.setPlan(state));
messenger.on("cells", (state) => model.setCells(state));
messenger.on("work", (work) => model.setWork(work));
messenger.on("forecast", (forecast) => model.setForecast(forecast));

onScrolled((scroll) => {
  model.view = { ...model.view, scroll };
  saveViewState(model.view);
});
new MutationObserver(() => model.tell("theme")).observe(document.body, { attributeFilter: ["class"] });

const { metric, scroll, tab } = model.view;
if (metric !== null) await messenger.request("metric", { metric });
const start = await messenger.request("ready", {});
model.fileName = start.fileName;
model.commands = start.commands;
page.hidden = false;
model.setDocument(start.document);
tabs.open(tab);
window.scrollTo({ top: scroll });
