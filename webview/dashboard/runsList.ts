/** The runs of the panel: their lines' colours, how they stand, and what can be done with them. */
import type { RUN_ACTIONS, RunInfo } from "../../src/core/protocol/dashboard.ts";
import { shortDuration } from "../../src/core/series/timeAxis.ts";
import { element } from "../ui/element.ts";
import type { IconName } from "../ui/icons.ts";
import { formatCount, formatValue } from "./format.ts";
import { iconButton, lineSample } from "./iconButton.ts";
import type { Model } from "./model.ts";
import { report } from "./report.ts";
import { remember, settings } from "./settings.ts";

type Action = (typeof RUN_ACTIONS)[number];

interface Row {
  readonly root: HTMLLIElement;
  readonly toggle: HTMLButtonElement;
  readonly label: HTMLElement;
  readonly state: HTMLElement;
  readonly bar: HTMLElement;
  readonly facts: HTMLElement;
  readonly buttons: ReadonlyMap<Action, HTMLButtonElement>;
}

export class RunsList {
  readonly root: HTMLElement;
  private readonly list = element("ul", { "aria-label": "Runs" });
  private readonly count = element("h2");
  private readonly rows = new Map<string, Row>();

  constructor(private readonly model: Model) {
    const add = iconButton("plus", "Add or remove runs…", () => void report(model.messenger.request("addRuns", {})));
    const all = element("button", { type: "button", class: "link" }, "Show all");
    all.addEventListener("click", () => {
      settings.hidden = [];
      remember();
      model.tell("view");
    });
    this.root = element("aside", { "aria-label": "Runs" }, element("header", {}, this.count, all, add), this.list);
    model.on("runs", () => this.build());
    model.on("status", () => this.refresh());
    model.on("theme", () => this.build());
    model.on("view", () => {
      all.hidden = settings.hidden.length === 0;
      this.refresh();
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  private build(): void {
    const { runs } = this.model;
    this.count.textContent = runs.length === 1 ? "1 run" : `${runs.length} runs`;
    const focused = [...this.rows].find(([, { root }]) => root.contains(document.activeElement))?.[0];
    this.rows.clear();
    for (const run of runs) this.rows.set(run.dir, this.row(run));
    this.list.replaceChildren(...Array.from(this.rows.values(), ({ root }) => root));
    this.refresh();
    this.makeActive(focused !== undefined && this.rows.has(focused) ? focused : runs[0]?.dir);
    if (focused !== undefined) this.rows.get(focused)?.toggle.focus();
  }

  private row(run: RunInfo): Row {
    const label = element("span", { class: "label" });
    const toggle = element(
      "button",
      { type: "button", class: "toggle" },
      lineSample(this.model.palette.style(run.slot)),
      label,
    );
    toggle.addEventListener("click", () => this.model.setHidden(run.dir, !settings.hidden.includes(run.dir)));
    toggle.addEventListener("focus", () => this.makeActive(run.dir));
    const state = element("span", { class: "state" });
    const bar = element("div", { class: "bar" });
    const facts = element("div", { class: "facts" });
    const button = (action: Action, icon: IconName, text: string): [Action, HTMLButtonElement] => [
      action,
      iconButton(icon, text, () => void report(this.model.messenger.request("act", { dir: run.dir, action }))),
    ];
    const buttons = new Map<Action, HTMLButtonElement>([
      button("stop", "stop", `Stop ${run.label}`),
      button("resume", "play", `Resume ${run.label}`),
      button("evaluate", "evaluate", `Evaluate ${run.label}`),
      button("openConfig", "config", `Open the experiment of ${run.label}`),
      button("reveal", "folder", `Show the folder of ${run.label}`),
      button("remove", "remove", `Remove ${run.label} from this panel`),
    ]);
    const root = element(
      "li",
      {},
      element("div", { class: "head" }, toggle, state),
      element("div", { class: "track" }, bar),
      element("div", { class: "foot" }, facts, element("span", { class: "actions" }, ...buttons.values())),
    );
    return { root, toggle, label, state, bar, facts, buttons };
  }

  private refresh(): void {
    for (const run of this.model.runs) {
      const row = this.rows.get(run.dir);
      if (row === undefined) continue;
      const hidden = settings.hidden.includes(run.dir);
      row.root.classList.toggle("hidden-run", hidden);
      row.toggle.setAttribute("aria-pressed", String(!hidden));
      setText(row.label, run.label);
      row.toggle.title = `${run.label}\n${run.id}\nClick to ${hidden ? "show" : "hide"} its lines`;
      row.toggle.setAttribute("aria-label", `${run.label}, ${run.state}, line ${hidden ? "hidden" : "shown"}`);
      setText(row.state, run.state);
      row.state.dataset["state"] = run.state;
      row.state.title = run.message ?? "";
      const share = run.totalSteps ? Math.min(1, (run.step ?? 0) / run.totalSteps) : 0;
      row.bar.style.width = `${100 * share}%`;
      row.bar.dataset["state"] = run.state;
      setText(row.facts, facts(run));
      row.facts.title = allFacts(run);
      row.buttons.get("stop")!.hidden = !run.canStop;
      row.buttons.get("resume")!.hidden = !run.canResume;
      row.buttons.get("evaluate")!.hidden = !run.canEvaluate;
    }
  }

  /** Only one run's buttons are in the tab order; arrow keys go from run to run. */
  private makeActive(dir: string | undefined): void {
    for (const [other, { toggle, buttons }] of this.rows) {
      for (const button of [toggle, ...buttons.values()]) button.tabIndex = other === dir ? 0 : -1;
    }
  }

  private key(event: KeyboardEvent): void {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move === 0) return;
    const rows = [...this.rows.values()];
    const at = rows.findIndex(({ root }) => root.contains(document.activeElement));
    const next = rows[at + move];
    if (next === undefined) return;
    event.preventDefault();
    next.toggle.focus();
  }
}

/** What fits beside the name: how far, how well, how fast, how long. */
function facts(run: RunInfo): string {
  const parts: string[] = [];
  if (run.step !== null) {
    const share = run.totalSteps ? Math.floor((100 * run.step) / run.totalSteps) : null;
    parts.push(run.canStop && share !== null ? `${share} %` : `${formatCount(run.step)} steps`);
  }
  if (run.loss !== null) parts.push(`loss ${formatValue(run.loss, "number")}`);
  if (run.canStop && run.imagesPerSecond !== null) parts.push(`${Number(run.imagesPerSecond.toPrecision(3))} img/s`);
  if (run.canStop && run.etaSeconds !== null) parts.push(shortDuration(Math.round(run.etaSeconds)));
  return parts.length > 0 ? parts.join(" · ") : (run.message ?? "");
}

/** The same in full, for a tooltip. */
function allFacts(run: RunInfo): string {
  const steps = run.step === null ? "" : `step ${formatCount(run.step)} of ${formatCount(run.totalSteps ?? run.step)}`;
  const left = run.canStop && run.etaSeconds !== null ? `${shortDuration(Math.round(run.etaSeconds))} left` : "";
  return [steps, left, run.message ?? ""].filter((part) => part !== "").join("\n");
}

function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
