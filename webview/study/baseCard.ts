/** The experiment that the study varies. */
import type { PlanState } from "../../src/core/protocol/study.ts";
import type { StudyConfig } from "../../src/core/study/schema.ts";
import { element } from "../ui/element.ts";
import { icon } from "../ui/icons.ts";
import { Field } from "./fields.ts";
import type { PageActions } from "./pageActions.ts";
import type { ProblemPlaces } from "./problemPlaces.ts";

export class BaseCard {
  readonly element: HTMLElement;
  private readonly field: Field;
  private readonly link: HTMLButtonElement;
  private readonly reason = element("p", { class: "note wrong" });

  constructor(actions: PageActions) {
    const button = (text: string, drawn: Parameters<typeof icon>[0], act: () => void) => {
      const made = element("button", { class: "quiet with-text", type: "button" }, icon(drawn), text);
      made.addEventListener("click", act);
      return made;
    };
    this.link = element("button", { class: "link base", type: "button", title: "Open the experiment" });
    this.link.addEventListener("click", () => actions.openBase("text"));
    this.field = new Field(
      ["base"],
      "Experiment",
      actions,
      this.link,
      button("Designer", "open", () => actions.openBase("designer")),
      button("Another …", "chevron", () => actions.chooseBase()),
    );
    this.element = element("section", { class: "card", "aria-label": "Experiment" }, this.field.element, this.reason);
  }

  update({ base }: StudyConfig, plan: PlanState | null, problems: ProblemPlaces): void {
    this.link.textContent = base;
    this.field.setProblems(problems.of(["base"]));
    const reason = plan?.kind === "none" ? plan.reason : "";
    this.reason.textContent = reason;
    this.reason.hidden = reason === "";
  }
}
