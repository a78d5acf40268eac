/** Tabs: one panel at a time, arrow keys between them. */
import { element } from "../ui/element.ts";
import { remember, type Settings, settings } from "./settings.ts";

type TabName = Settings["tab"];

export class Tabs {
  readonly root: HTMLElement;
  private readonly tabs = new Map<TabName, { readonly tab: HTMLButtonElement; readonly panel: HTMLElement }>();
  private shown: TabName | null = null;

  constructor(
    parts: readonly (readonly [name: TabName, title: string, content: HTMLElement])[],
    private readonly onShow: (now: TabName, before: TabName | null) => void,
  ) {
    const list = element("div", { class: "tabs", role: "tablist" });
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

  open(name: TabName): void {
    const before = this.shown;
    if (before === name) return;
    this.shown = name;
    for (const [other, { tab, panel }] of this.tabs) {
      tab.setAttribute("aria-selected", String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      panel.hidden = other !== name;
    }
    settings.tab = name;
    remember();
    this.onShow(name, before);
  }
}
