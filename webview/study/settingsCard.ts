/** How often, how long and by what configurations are compared. */
import { STAGE_NAMES } from "../../src/core/random/streams.ts";
import { METRIC_NAMES, METRICS } from "../../src/core/study/metrics.ts";
import { BUDGET_UNITS, type BudgetUnit, type StudyConfig } from "../../src/core/study/schema.ts";
import { settingText, stageSettings } from "../../src/core/study/stageSet.ts";
import { element } from "../ui/element.ts";
import { check, Field, select, TextInput } from "./fields.ts";
import type { PageActions } from "./pageActions.ts";
import type { ProblemPlaces } from "./problemPlaces.ts";

const FIRST_AMOUNTS: Readonly<Record<BudgetUnit, number>> = { steps: 10_000, seconds: 3600, images: 1_000_000 };
const FIRST_RUNGS = [0.25, 0.5];

export class SettingsCard {
  readonly element: HTMLElement;
  private readonly fields: readonly Field[];
  private readonly seeds: TextInput;
  private readonly stages;
  private readonly set = element("ul", { class: "chips", "aria-label": "Settings of a stage" });
  private readonly metric: HTMLSelectElement;
  private readonly better = element("span", { class: "word" });
  private readonly unit: HTMLSelectElement;
  private readonly amount: TextInput;
  private readonly share: TextInput;
  private readonly shareWords;
  private readonly samples: TextInput;
  private readonly space: TextInput;
  private readonly drawSeed: TextInput;
  private readonly halving;
  private readonly rungs: TextInput;
  private readonly keep: TextInput;
  private readonly keepWords;
  private readonly onFailure: HTMLSelectElement;

  constructor(private readonly actions: PageActions) {
    const word = (text: string) => element("span", { class: "word" }, text);
    const number = (name: string, path: readonly string[]) =>
      new TextInput(name, { class: "number", inputmode: "decimal" }, (text) => this.write(path, asNumber(text)));
    this.seeds = new TextInput("Seeds", { class: "seeds" }, (text) => this.write(["seeds"], seedsOf(text)));
    this.stages = STAGE_NAMES.map((stage) => ({ stage, ...check(stage, () => this.writeStages()) }));
    const setInText = element("button", { class: "link", type: "button" }, "edit in the text");
    setInText.addEventListener("click", () => actions.openText());
    this.metric = select(
      "Metric",
      METRIC_NAMES.map((name) => [name, METRICS[name].title] as const),
      (value) => this.write(["metric"], value),
    );
    this.unit = select(
      "Budget",
      [["none", "as the experiment says"], ...BUDGET_UNITS.map((unit) => [unit, `equal ${unit}`] as const)],
      (unit) => this.writeUnit(unit),
    );
    this.amount = new TextInput("Amount of the budget", { class: "number wide", inputmode: "numeric" }, (text) =>
      this.write(["budget", this.unit.value], asNumber(text)),
    );
    this.share = number("Share of pretraining", ["budget", "pretrain"]);
    this.shareWords = element("span", { class: "together" }, word("of which pretraining gets"), this.share.element);
    this.samples = number("Images drawn of each cell", ["evaluate", "samples"]);
    this.space = new TextInput("Space of features", { list: "spaces", class: "space" }, (text) =>
      this.write(["evaluate", "space"], text),
    );
    this.drawSeed = number("Seed of drawing", ["evaluate", "seed"]);
    const spaces = ["efficientnet-lite0", "random-convolutions"].map((value) => element("option", { value }));
    this.halving = check("give up configurations that are behind", (on) =>
      on
        ? actions.edit({ path: ["halving", "rungs"], value: FIRST_RUNGS })
        : actions.edit({ path: ["halving"], remove: true }),
    );
    this.rungs = new TextInput("Rungs, shares of the last stage", { class: "number wide" }, (text) =>
      this.write(
        ["halving", "rungs"],
        text
          .split(/[\s,;]+/)
          .filter(Boolean)
          .map(Number),
      ),
    );
    this.keep = number("Share that goes on", ["halving", "keep"]);
    this.keepWords = element(
      "span",
      { class: "together" },
      ...[word("at"), this.rungs.element, word("keep"), this.keep.element],
    );
    this.onFailure = select(
      "On failure",
      [
        ["continue", "continue with the others"],
        ["stop", "stop the study"],
      ],
      (value) => this.write(["on_failure"], value),
    );
    const field = (path: readonly string[], name: string, ...controls: HTMLElement[]) =>
      new Field(path, name, actions, ...controls);
    this.fields = [
      field(["seeds"], "Seeds", this.seeds.element, word("trainings of every configuration")),
      field(["stages"], "Stages", ...this.stages.map((each) => each.element)),
      field(["set"], "Of one stage", this.set, setInText),
      field(["metric"], "Metric", this.metric, this.better),
      field(["budget"], "Budget", this.unit, this.amount.element, this.shareWords),
      field(
        ["evaluate"],
        "Evaluation",
        ...[this.samples.element, word("images in"), this.space.element],
        element("span", { class: "together" }, word("seed"), this.drawSeed.element),
        element("datalist", { id: "spaces" }, ...spaces),
      ),
      field(["halving"], "Halving", this.halving.element, this.keepWords),
      field(["on_failure"], "On failure", this.onFailure),
    ];
    this.element = element(
      "section",
      { class: "card settings", "aria-label": "How it is compared" },
      element("h2", {}, "How it is compared"),
      ...this.fields.map((each) => each.element),
    );
  }

  update(study: StudyConfig, problems: ProblemPlaces): void {
    for (const field of this.fields) field.setProblems(problems.of(field.path));
    const { seeds, stages, metric, budget, evaluate, halving, on_failure } = study;
    this.seeds.show(typeof seeds === "number" ? String(seeds) : seeds.join(", ") + (seeds.length === 1 ? "," : ""));
    for (const { stage, box } of this.stages) {
      box.checked = stages.includes(stage);
      box.disabled = stages.length === 1 && box.checked;
    }
    const settings = stageSettings(study).map((own) => `${own.stage}: ${settingText(own)}`);
    this.set.replaceChildren(...settings.map((text) => element("li", { class: "chip" }, element("span", {}, text))));
    this.set.hidden = settings.length === 0;
    this.metric.value = metric;
    this.metric.title = METRICS[metric].description;
    this.better.textContent = `${METRICS[metric].better} is better`;
    const unit = BUDGET_UNITS.find((name) => budget?.[name] !== undefined);
    this.unit.value = unit ?? "none";
    this.amount.element.hidden = unit === undefined;
    this.amount.show(unit === undefined ? "" : String(budget![unit]));
    this.shareWords.hidden = unit === undefined || stages.length < 2;
    this.share.show(String(budget?.pretrain ?? ""));
    this.samples.show(String(evaluate.samples));
    this.space.show(evaluate.space);
    this.drawSeed.show(String(evaluate.seed));
    this.halving.box.checked = halving !== undefined;
    this.keepWords.hidden = halving === undefined;
    this.rungs.show(halving?.rungs.join(", ") ?? "");
    this.keep.show(String(halving?.keep ?? ""));
    this.onFailure.value = on_failure;
  }

  /** An empty field sets a key back to its default. */
  private write(path: readonly string[], value: unknown): void {
    if (value === null || value === "") this.actions.edit({ path, remove: true });
    else this.actions.edit({ path, value });
  }

  private writeStages(): void {
    this.write(
      ["stages"],
      this.stages.filter(({ box }) => box.checked).map(({ stage }) => stage),
    );
  }

  private writeUnit(unit: BudgetUnit | "none"): void {
    const others = BUDGET_UNITS.filter((name) => name !== unit).map((name) => ({
      path: ["budget", name],
      remove: true as const,
    }));
    if (unit === "none") this.actions.edit({ path: ["budget"], remove: true });
    else this.actions.edit({ path: ["budget", unit], value: FIRST_AMOUNTS[unit] }, ...others);
  }
}

/** What was typed stays as it is where it is no number, so that the file shows it and what is wrong with it. */
function asNumber(text: string): unknown {
  if (text === "") return null;
  const value = Number(text.replaceAll(/[,_\s]/g, ""));
  return Number.isFinite(value) ? value : text;
}

/** "3": three of them; "1, 5, 9" or "7,": these. */
function seedsOf(text: string): unknown {
  if (!text.includes(",")) return asNumber(text);
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(asNumber);
}
