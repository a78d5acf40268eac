/** Tabs: one panel at a time, arrow keys between them. */
import { element } from "./element.ts";

export class Tabs<T extends string> {
  readonly root: HTMLElement;
  /** the row of tabs, for what else stands in it */
  readonly list = element("div", { class: "tabs", role: "tablist" });
  private readonly tabs = new Map<T, { readonly tab: HTMLButtonElement; readonly panel: HTMLElement }>();
  private shown: T | null = null;

  /** @param onShow called when another one is shown than before */
  constructor(
    parts: readonly (readonly [name: T, title: string, content: HTMLElement])[],
    private readonly onShow: (now: T, before: T | null) => void,
  ) {
    const { list } = this;
    this.root = element("div", { class: "tabbed" }, list);
    for (const [name, title, content] of parts) {
      const tab = element(
        "button",
        { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` },
        title,
      );
      const panel = element(
        "div",
        { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` },
        content,
      );
      panel.hidden = true;
      tab.addEventListener("click", () => this.open(name));
      list.append(tab);
      this.root.append(panel);
      this.tabs.set(name, { tab, panel });
    }
    list.addEventListener("keydown", (event) => {
      const move = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (move === 0 || this.shown === null) return;
      const names = [...this.tabs.keys()];
      const next = names[(names.indexOf(this.shown) + move + names.length) % names.length]!;
      this.open(next);
      this.tabs.get(next)!.tab.focus();
      event.preventDefault();
    });
  }

  open(name: T): void {
    const before = this.shown;
    if (before === name) return;
    this.shown = name;
    for (const [other, { tab, panel }] of this.tabs) {
      tab.setAttribute("aria-selected", String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      panel.hidden = other !== name;
    }
    this.onShow(name, before);
  }
}
