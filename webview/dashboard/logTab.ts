/** A run's log as it grows: searched, filtered, and only the lines on the screen are elements. */
import { type CheckControl, control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import type { Model } from "./model.ts";
import { report } from "./report.ts";
import { RunChoice } from "./runChoice.ts";
import { remember, settings } from "./settings.ts";

const LINE_HEIGHT = 18;
/** A longer log is cut off at its beginning; the file has it all. */
const MOST_LINES = 100_000;
const OVERSCAN = 10;
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) (.*)$/;

export class LogTab {
  readonly root: HTMLElement;
  private lines: string[] = [];
  private shown: string[] = [];
  /** a last line whose end has not come yet */
  private rest = "";
  private readonly scroller = element("div", {
    class: "log",
    tabindex: "0",
    role: "log",
    "aria-live": "off",
    "aria-label": "Log",
  });
  private readonly space = element("div", { class: "space" });
  private readonly window = element("div", { class: "lines" });
  private readonly found = element("span", { class: "found", role: "status" });
  private readonly search = control<ValueControl>("text-field", {
    placeholder: "Filter",
    "aria-label": "Show only lines with",
  });
  private readonly follow = control<CheckControl>("checkbox", {}, "Follow");
  private readonly choice: RunChoice;
  private frame = 0;

  constructor(private readonly model: Model) {
    this.choice = new RunChoice(model, "Run", settings.logDir, (dir) => this.start(dir));
    this.follow.checked = settings.follow;
    const toolbar = element(
      "div",
      { class: "toolbar" },
      this.choice.root,
      this.search,
      this.found,
      element("span", { class: "stretch" }),
      this.follow,
    );
    this.space.append(this.window);
    this.scroller.append(this.space);
    this.root = element("div", { class: "log-tab" }, toolbar, this.scroller);
    model.messenger.on("log", ({ dir, text, reset }) => {
      if (dir === this.choice.dir) this.take(text, reset);
    });
    this.search.addEventListener("input", () => this.filter());
    this.follow.addEventListener("change", () => {
      settings.follow = this.follow.checked;
      remember();
      this.draw();
    });
    this.scroller.addEventListener("scroll", () => {
      const { scrollTop, clientHeight, scrollHeight } = this.scroller;
      const atEnd = scrollTop + clientHeight >= scrollHeight - LINE_HEIGHT;
      // Scrolling up is a wish to read.
      if (!atEnd && scrollTop < this.lastTop) this.follow.checked = settings.follow = false;
      this.lastTop = scrollTop;
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(this.scroller);
  }
  private lastTop = 0;

  /** Begins following; to be called when the tab is shown. */
  show(): void {
    this.start(this.choice.dir);
  }

  /** Ends following; to be called when it is no longer shown. */
  hide(): void {
    void report(this.model.messenger.request("followLog", { dir: null }));
  }

  private start(dir: string | null): void {
    settings.logDir = dir;
    remember();
    this.take("", true);
    if (settings.tab === "log") void report(this.model.messenger.request("followLog", { dir }));
  }

  private take(text: string, reset: boolean): void {
    if (reset) {
      this.lines = [];
      this.rest = "";
    }
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop() ?? "";
    this.lines.push(...parts);
    if (this.lines.length > MOST_LINES) this.lines.splice(0, this.lines.length - MOST_LINES);
    this.filter();
  }

  private filter(): void {
    const wanted = this.search.value.toLowerCase();
    this.shown = wanted === "" ? this.lines : this.lines.filter((line) => line.toLowerCase().includes(wanted));
    this.found.textContent =
      wanted === "" ? `${this.lines.length} lines` : `${this.shown.length} of ${this.lines.length} lines`;
    this.draw();
  }

  private draw(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const { scroller, shown } = this;
      this.space.style.height = `${shown.length * LINE_HEIGHT}px`;
      if (this.follow.checked) scroller.scrollTop = scroller.scrollHeight;
      const first = Math.max(0, Math.floor(scroller.scrollTop / LINE_HEIGHT) - OVERSCAN);
      const last = Math.min(
        shown.length,
        Math.ceil((scroller.scrollTop + scroller.clientHeight) / LINE_HEIGHT) + OVERSCAN,
      );
      this.window.style.transform = `translateY(${first * LINE_HEIGHT}px)`;
      this.window.replaceChildren(...shown.slice(first, last).map((line) => this.lineElement(line)));
    });
  }

  private lineElement(line: string): HTMLElement {
    const [, time, text] = TIME.exec(line) ?? [null, "", line];
    const clock = time ? new Date(time).toLocaleTimeString(undefined, { hour12: false }) : "";
    const kind = /\b(error|failed|diverged|refused|cannot)\b/i.test(text!)
      ? "bad"
      : /\b(warning|passed over)\b/i.test(text!)
        ? "warn"
        : "";
    const content = element("span", { class: `text ${kind}` });
    content.append(...marked(text!, this.search.value));
    return element("div", { class: "line", title: time ?? "" }, element("span", { class: "time" }, clock), content);
  }
}

/** Text with what was searched for marked. */
function marked(text: string, wanted: string): (Node | string)[] {
  if (wanted === "") return [text];
  const parts: (Node | string)[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(wanted.toLowerCase()); at >= 0; at = lower.indexOf(wanted.toLowerCase(), from)) {
    parts.push(text.slice(from, at), element("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  parts.push(text.slice(from));
  return parts;
}
