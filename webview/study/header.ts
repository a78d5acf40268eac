/** The page's head: the file's name, how the study stands, and what can be done with it. */
import { count, plural } from "../../src/core/numbers.ts";
import { STUDY_ACTIONS, type StudyAction } from "../../src/core/protocol/study.ts";
import { countsText } from "../../src/core/study/progress.ts";
import { control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { type IconName, icon } from "../ui/icons.ts";
import type { StudyModel } from "./model.ts";
import type { PageActions } from "./pageActions.ts";

type Button = HTMLElement & { disabled: boolean };

const BUTTONS: Readonly<Record<StudyAction, readonly [icon: IconName, text: string, appearance: string]>> = {
  report: ["export", "Report", "secondary"],
  retry: ["reset", "Retry failed", "secondary"],
  stop: ["stop", "Stop", "secondary"],
  run: ["play", "Run", "primary"],
};

export class Header {
  readonly element: HTMLElement;
  /** the command line of a button, with a way to copy it */
  readonly command: HTMLElement;
  private readonly title = element("h1", {});
  private readonly state = element("span", { class: "file-state" });
  private readonly message = element("p", { class: "work-message", role: "status" });
  private readonly buttons: Readonly<Record<StudyAction, Button>>;
  private readonly line = element("code", {});
  private shown: StudyAction = "run";

  constructor(
    private readonly model: StudyModel,
    private readonly actions: PageActions,
  ) {
    const text = element("button", { class: "quiet", type: "button", title: "Open as text" }, icon("text"));
    text.setAttribute("aria-label", "Open as text");
    text.addEventListener("click", () => actions.openText());
    const made = (["report", "retry", "stop", "run"] as const).map((name) => [name, this.button(name)] as const);
    this.buttons = Object.fromEntries(made) as Record<StudyAction, Button>;
    this.element = element(
      "header",
      { class: "page-head" },
      element("div", { class: "file" }, this.title, this.state),
      element("div", { class: "head-actions" }, text, ...made.map(([, button]) => button)),
      this.message,
    );
    const copy = element("button", { class: "quiet", type: "button", title: "Copy command" }, icon("copy"));
    copy.setAttribute("aria-label", "Copy command");
    copy.addEventListener("click", () => actions.copyCommand(this.shown));
    this.command = element("div", { class: "command-line" }, this.line, copy);
  }

  update(): void {
    const { fileName, diagnostics, states, results, work, plan, commands } = this.model;
    this.title.textContent = fileName;
    this.title.title = fileName;
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    const counts = results?.counts;
    const cells = states.length;
    const parts = [
      ...(errors > 0 ? [plural(errors, "error")] : []),
      ...(counts === undefined ? [] : [`${count(counts.done)} of ${plural(cells, "cell")} done`]),
      ...(counts !== undefined && counts.failed > 0 ? [`${count(counts.failed)} failed`] : []),
      ...(work.atWork ? ["at work"] : []),
    ];
    this.state.textContent = parts.join(" · ");
    this.state.classList.toggle("wrong", errors > 0);
    // That all are done stands beside the name.
    const isSaid = counts !== undefined && counts.done === cells && work.message === `${countsText(counts)}.`;
    const message = work.changed
      ? "The files say something else than what was started last. Run computes what is new, and nothing twice."
      : isSaid
        ? ""
        : (work.message ?? "");
    this.message.textContent = message;
    this.message.hidden = message === "";
    const { run, stop, retry, report } = this.buttons;
    run.disabled = !work.trusted || errors > 0 || plan?.kind !== "planned" || (work.atWork && !work.changed);
    stop.disabled = !work.trusted || !work.atWork;
    retry.disabled = !work.trusted || (counts?.failed ?? 0) === 0;
    report.disabled = !work.trusted || (counts?.done ?? 0) === 0;
    for (const name of STUDY_ACTIONS) this.buttons[name].title = commands[name];
    this.show(this.shown);
  }

  private button(name: StudyAction): Button {
    const [drawn, text, appearance] = BUTTONS[name];
    const button = control<Button>("button", { appearance, "data-action": name }, icon(drawn), text);
    button.addEventListener("click", () => {
      this.show(name);
      this.actions.act(name);
    });
    for (const event of ["pointerenter", "focusin"]) button.addEventListener(event, () => this.show(name));
    return button;
  }

  private show(action: StudyAction): void {
    this.shown = action;
    this.line.textContent = this.model.commands[action];
    this.line.title = this.model.commands[action];
  }
}
