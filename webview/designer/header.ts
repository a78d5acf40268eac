/** The page's head: the file's name, what is wrong with it as a whole, and the buttons that start training. */
import { control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { type IconName, icon } from "../ui/icons.ts";
import type { DesignerModel } from "./model.ts";
import { plural } from "./numbers.ts";
import type { PageActions } from "./pageActions.ts";

export class Header {
  readonly element: HTMLElement;
  private readonly title = element("h1", {});
  private readonly state = element("span", { class: "file-state" });
  private readonly ablation: HTMLButtonElement;
  private readonly runs: readonly (HTMLElement & { disabled: boolean })[];

  constructor(
    private readonly model: DesignerModel,
    actions: PageActions,
  ) {
    const run = (stage: "pretrain" | "finetune", name: string, appearance: string) => {
      const button = control<HTMLElement & { disabled: boolean }>("button", { appearance }, icon("play"), name);
      button.addEventListener("click", () => actions.run(stage));
      return button;
    };
    this.runs = [run("pretrain", "Pretrain", "primary"), run("finetune", "Finetune", "secondary")];
    const quiet = (name: string, drawing: IconName, tooltip: string, act: () => void) => {
      const button = element(
        "button",
        { class: "quiet with-text", type: "button" },
        icon(drawing),
        element("span", {}, name),
      );
      button.setAttribute("aria-label", name);
      button.title = tooltip;
      button.addEventListener("click", act);
      return button;
    };
    const text = quiet("Open as text", "text", "Open as text", () => actions.openText());
    this.ablation = quiet(
      "Ablation",
      "ablation",
      "The paper's ablation: a study of patch, block and crop at the rates 0.1, 0.5 and 0.9, written beside this file",
      () => actions.ablation(),
    );
    this.element = element(
      "header",
      { class: "page-head" },
      element("div", { class: "file" }, this.title, this.state),
      element("div", { class: "head-actions" }, this.ablation, text, ...this.runs),
    );
  }

  update(): void {
    const { fileName, reading, data } = this.model;
    this.title.textContent = fileName;
    this.title.title = fileName;
    const errors = reading.diagnostics.filter(({ severity }) => severity === "error").length;
    const warnings = reading.diagnostics.filter(({ severity }) => severity === "warning").length;
    const parts = [
      ...(errors > 0 ? [plural(errors, "error")] : []),
      ...(warnings > 0 ? [plural(warnings, "warning")] : []),
      ...(data.kind === "ready" ? [plural(data.count, "image")] : []),
    ];
    this.state.textContent = parts.join(" · ");
    this.state.classList.toggle("wrong", errors > 0);
    this.ablation.disabled = errors > 0;
    for (const button of this.runs) button.disabled = errors > 0 || data.kind === "untrusted";
  }
}
