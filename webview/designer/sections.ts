/** All keys of the file that have no place in the mask form, section by section. */

import { guidanceOf } from "../../src/core/diffusion/guidance.ts";
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import { isIdle, READ_WITH } from "../../src/core/experiment/idleKeys.ts";
import { experimentKeys } from "../../src/core/experiment/keys.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { plural } from "../../src/core/numbers.ts";
import { element } from "../ui/element.ts";
import { icon } from "../ui/icons.ts";
import { problemItem } from "../ui/problemItem.ts";
import { nameOf } from "./fieldShell.ts";
import { KeyField } from "./keyField.ts";
import { MASK_FORM_KEYS } from "./maskForm.ts";
import type { Reading } from "./model.ts";
import type { PageActions } from "./pageActions.ts";

/** Keys that have no effect with certain others. */
const IDLE: Readonly<Record<string, (experiment: Experiment) => string | null>> = {
  "model.class_dropout": ({ model }) => (model.num_classes > 0 ? null : "Only with classes"),
  "finetune.classes": ({ model }) => (model.num_classes > 0 ? null : "Only with classes"),
  ...Object.fromEntries(
    Object.entries(READ_WITH).map(([path, { key, value }]) => [
      path,
      (experiment: Experiment) =>
        isIdle(path, experiment) ? `Only with ${key.split(".")[1]!.replaceAll("_", " ")} ${value}` : null,
    ]),
  ),
  "sample.classes": ({ model }) => (model.num_classes > 0 ? null : "Only with classes"),
  "sample.guidance": ({ model }) => (model.num_classes > 0 ? null : "Only with classes"),
  "sample.guidance_interval": (experiment) =>
    guidanceOf(experiment) !== null ? null : "Only with classes and guidance other than 1",
};

const isWrong = ({ severity }: Diagnostic): boolean => severity !== "info";

interface Section {
  readonly element: HTMLDetailsElement;
  readonly summary: HTMLElement;
  readonly problems: HTMLUListElement;
  readonly fields: readonly KeyField[];
}

export class Sections {
  readonly element: HTMLElement;
  private readonly sections: readonly Section[];

  /**
   * @param open names of those that are unfolded
   * @param toggled called with the names of those that are unfolded from now on
   */
  constructor(
    private readonly actions: PageActions,
    open: readonly string[],
    toggled: (open: string[]) => void,
  ) {
    this.sections = [...experimentKeys().sections.values()].flatMap(({ name, description, keys }) => {
      const own = keys.filter(({ path }) => !MASK_FORM_KEYS.includes(path));
      if (own.length === 0) return [];
      const fields = own.map(({ path }) => {
        const idle = IDLE[path];
        return new KeyField(path, actions, idle === undefined ? {} : { idle });
      });
      const summary = element("span", { class: "section-facts" });
      const problemList = element("ul", { class: "problems", hidden: "" });
      const details = element(
        "details",
        { class: "card section", "data-section": name },
        element("summary", { title: description }, icon("chevron"), element("h2", {}, nameOf({ name })), summary),
        element("p", { class: "section-about" }, description),
        problemList,
        element("div", { class: "field-grid" }, ...fields.map(({ shell }) => shell.element)),
      );
      details.open = open.includes(name);
      details.addEventListener("toggle", () =>
        toggled(
          this.sections.filter((section) => section.element.open).map((section) => section.element.dataset["section"]!),
        ),
      );
      return [{ element: details, summary, problems: problemList, fields }];
    });
    this.element = element(
      "div",
      { class: "sections", role: "group", "aria-label": "The rest of the file" },
      ...this.sections.map((section) => section.element),
    );
  }

  update(reading: Reading, shown: Experiment, problems: ReadonlyMap<string, readonly Diagnostic[]>): void {
    for (const { element: details, fields, summary, problems: list } of this.sections) {
      const own = problems.get(details.dataset["section"]!) ?? [];
      let set = 0;
      let wrong = own.filter(isWrong).length;
      list.hidden = own.length === 0;
      list.replaceChildren(...own.map((diagnostic) => problemItem(diagnostic, this.actions)));
      for (const field of fields) {
        const found = problems.get(field.path) ?? [];
        field.update(reading, shown, found);
        if (reading.document.isSet(field.path)) set++;
        wrong += found.filter(isWrong).length;
      }
      const facts = [
        set === 0 ? "defaults" : `${set} of ${fields.length} set`,
        ...(wrong > 0 ? [plural(wrong, "problem")] : []),
      ];
      summary.textContent = facts.join(" · ");
      summary.classList.toggle("wrong", wrong > 0);
    }
  }
}
