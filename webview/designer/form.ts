/** The file as a form: the mask's controls, what is wrong that has no field, and the other sections. */
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import { element } from "../ui/element.ts";
import { problemItem } from "../ui/problemItem.ts";
import { MaskForm } from "./maskForm.ts";
import type { DesignerModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { problemsByKey } from "./problems.ts";
import { Sections } from "./sections.ts";

/** A file that does not parse may have hundreds. */
const SHOWN_PROBLEMS = 12;

export class Form {
  readonly problems: HTMLElement;
  readonly mask: MaskForm;
  readonly sections: Sections;
  private readonly list = element("ul", { class: "problems" });
  private readonly more = element("p", { class: "field-note" });
  private shownProblems = "";

  constructor(
    private readonly model: DesignerModel,
    private readonly actions: PageActions,
  ) {
    this.mask = new MaskForm(actions);
    this.sections = new Sections(actions, model.view.open, (open) => model.setView({ open }));
    this.problems = element(
      "section",
      { class: "card file-problems", "aria-label": "Problems of the file" },
      this.list,
      this.more,
    );
  }

  update(): void {
    const { reading, lastGood } = this.model;
    const byKey = problemsByKey(reading.document, reading.diagnostics);
    const elsewhere = reading.experiment === null ? reading.diagnostics : unplaced(byKey);
    this.showProblems(elsewhere);
    if (lastGood === null) return;
    this.mask.update(reading, lastGood, byKey);
    this.sections.update(reading, lastGood, byKey);
  }

  private showProblems(found: readonly Diagnostic[]): void {
    const shown = JSON.stringify(found);
    if (shown === this.shownProblems) return;
    this.shownProblems = shown;
    this.problems.hidden = found.length === 0;
    this.list.replaceChildren(...found.slice(0, SHOWN_PROBLEMS).map((each) => problemItem(each, this.actions)));
    const left = found.length - SHOWN_PROBLEMS;
    this.more.textContent = left > 0 ? `… and ${left} more` : "";
    this.more.hidden = left <= 0;
  }
}

/** Findings that stand at nothing that this form shows: of no key, or at the name of a section without fields of its own. */
function unplaced(byKey: ReadonlyMap<string, readonly Diagnostic[]>): readonly Diagnostic[] {
  return [...(byKey.get("") ?? []), ...(byKey.get("mask") ?? [])];
}
