/** The plan: the file as a form, and beside it what it comes to. */
import { element } from "../ui/element.ts";
import { problemItem } from "../ui/problemItem.ts";
import { AxesCard } from "./axesCard.ts";
import { BaseCard } from "./baseCard.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { ProblemPlaces } from "./problemPlaces.ts";
import { SettingsCard } from "./settingsCard.ts";
import { TotalsCard } from "./totalsCard.ts";

/** A file that does not parse may have hundreds. */
const SHOWN_PROBLEMS = 12;

export class PlanTab {
  readonly element: HTMLElement;
  private readonly base: BaseCard;
  private readonly axes: AxesCard;
  private readonly settings: SettingsCard;
  private readonly totals: TotalsCard;
  private readonly problems = element("ul", { class: "problems card", "aria-label": "Problems of the file" });
  private readonly form: HTMLElement;

  constructor(
    private readonly model: StudyModel,
    private readonly actions: PageActions,
  ) {
    this.base = new BaseCard(actions);
    this.axes = new AxesCard(actions);
    this.settings = new SettingsCard(actions);
    this.totals = new TotalsCard(model, actions);
    this.form = element("div", { class: "form" }, this.base.element, this.axes.element, this.settings.element);
    this.element = element(
      "div",
      { class: "plan-tab" },
      element("div", { class: "form-column" }, this.problems, this.form),
      this.totals.element,
    );
  }

  update(aspect: "text" | "plan" | "work" | "forecast"): void {
    if (aspect === "text" || aspect === "plan") this.updateForm();
    this.totals.update();
  }

  private updateForm(): void {
    const { reading, lastGood, plan, diagnostics } = this.model;
    const problems = new ProblemPlaces(reading.document, diagnostics, Object.keys(lastGood?.axes ?? {}));
    // What has no field of its own, and all of a file that cannot be read, stands above.
    const elsewhere = lastGood === null ? diagnostics : [...problems.of([]), ...problems.of(["axes"])];
    this.problems.hidden = elsewhere.length === 0;
    this.problems.replaceChildren(...elsewhere.slice(0, SHOWN_PROBLEMS).map((each) => problemItem(each, this.actions)));
    this.form.hidden = lastGood === null;
    if (lastGood === null) return;
    this.base.update(lastGood, plan, problems);
    this.axes.update(lastGood, problems);
    this.settings.update(lastGood, problems);
  }
}
