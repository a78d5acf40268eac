/** The page of the mask designer. */
import "../ui/base.css";
import "../ui/icons.css";
import "../ui/editor.css";
import "../ui/segmented.css";
import "../ui/problems.css";
import "../ui/facts.css";
import "../ui/toast.css";
import "./page.css";
import "./form.css";
import "./strategy.css";
import "./sliders.css";
import "./schedule.css";
import "./sections.css";
import "./narrow.css";
import "./preview.css";
import "./notices.css";
import "./heatMap.css";
import type { KeyChange } from "../../src/core/experiment/changeKeys.ts";
import type { DesignerProtocol } from "../../src/core/protocol/designer.ts";
import { defineControls } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { Messenger } from "../ui/messenger.ts";
import { onScrolled } from "../ui/onScrolled.ts";
import { Toast } from "../ui/toast.ts";
import { applyControlNames } from "./controlName.ts";
import { FactsPanel } from "./factsPanel.ts";
import { Form } from "./form.ts";
import { Header } from "./header.ts";
import { type Aspect, DesignerModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { Preview } from "./preview.ts";
import { loadViewState, saveViewState } from "./viewState.ts";

defineControls();
const messenger = new Messenger<DesignerProtocol>();
const model = new DesignerModel(loadViewState());
const toast = new Toast();
const { refuse } = toast;

async function commit(change: KeyChange): Promise<void> {
  model.draft(change);
  try {
    await messenger.request("edit", { changes: [change] });
  } catch (error) {
    refuse(error);
  } finally {
    model.settle(change);
  }
}

const actions: PageActions = {
  draft: (change) => model.draft(change),
  forget: (path) => model.forget(path),
  commit: (change) => void commit(change),
  fix: ({ code, line, column }) => {
    const { version } = model.text;
    messenger.request("fix", { version, code, line, column }).catch(refuse);
  },
  reveal: ({ line, column }) => void messenger.request("reveal", { line, column }).catch(refuse),
  showStep: (step) => model.setView({ stage: "pretrain", step }),
  openText: () => void messenger.request("openText", {}).catch(refuse),
  run: (stage) => void messenger.request("run", { stage }).catch(refuse),
  ablation: () => void messenger.request("ablation", {}).catch(refuse),
  measure: () => void messenger.request("measure", {}).catch(refuse),
  manageTrust: () => void messenger.request("manageTrust", {}).catch(refuse),
};

const header = new Header(model, actions);
const form = new Form(model, actions);
const facts = new FactsPanel(model, actions);
const preview = new Preview(model, actions, (key, indices) => messenger.request("read", { key, indices }));

const page = element(
  "main",
  { class: "designer", hidden: "" },
  header.element,
  element(
    "div",
    { class: "columns" },
    element("div", { class: "column-top" }, form.problems, form.mask.element),
    element("div", { class: "column-preview" }, preview.element, preview.heatMap.element),
    facts.element,
    form.sections.element,
  ),
  toast.element,
);
document.body.append(page);
applyControlNames(page);

const changed = new Set<Aspect>();

/** All but the preview, for what changed since it was last done. */
function updateRest(): void {
  if (changed.size === 0) return;
  const aspects = new Set(changed);
  changed.clear();
  header.update();
  facts.update();
  if (aspects.has("reading")) form.update();
  form.mask.rate.mark(model.view.stage === "pretrain" ? model.view.step : null);
  if (aspects.has("view")) saveViewState(model.view);
}

model.onChange((aspect) => {
  changed.add(aspect);
  if (aspect === "speed") updateRest();
  else preview.update(updateRest);
});
messenger.on("document", (document) => model.setDocument(document));
messenger.on("facts", (known) => model.setFacts(known));
messenger.on("data", (data) => model.setData(data));
messenger.on("speed", (speed) => model.setSpeed(speed));
messenger.on("show", ({ step }) => {
  model.setView({ step });
  preview.element.scrollIntoView({ block: "start" });
});

onScrolled((scroll) => {
  model.view = { ...model.view, scroll };
  saveViewState(model.view);
});
// The scale of images depends on the screen, the heat map's colours on the theme.
window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener("change", () => model.setView({}));
new MutationObserver(() => model.setView({})).observe(document.body, { attributeFilter: ["class"] });

const start = await messenger.request("ready", {});
model.fileName = start.fileName;
model.facts = start.facts;
model.data = start.data;
model.speed = start.speed;
if (start.show !== null) model.view = { ...model.view, step: start.show };
const { scroll } = model.view;
page.hidden = false;
model.setDocument(start.document);
if (start.show === null) window.scrollTo({ top: scroll });
else preview.element.scrollIntoView({ block: "start" });
