/** A chart of results in a card, with its title and a way to export it. */
import { icon } from "../designer/icons.ts";
import { element } from "../ui/element.ts";
import { rasterized } from "../ui/rasterize.ts";
import type { PageActions } from "./pageActions.ts";

export interface CardContent {
  /** the chart as a file */
  readonly svg: () => string;
  /** its values */
  readonly csv: () => string;
}

/** @param tools controls beside the title */
export function chartCard(title: string, tools: readonly HTMLElement[], save: PageActions["save"]) {
  const place = element("div", { class: "chart-place" });
  const menu = element("div", { class: "menu", role: "menu", popover: "auto" });
  const name = title.toLowerCase().replaceAll(" ", "-");
  let content: CardContent | null = null;
  const item = (text: string, act: (content: CardContent) => Promise<void>) => {
    const made = element("button", { type: "button", role: "menuitem" }, text);
    made.addEventListener("click", () => {
      menu.hidePopover();
      if (content !== null) void act(content);
    });
    return made;
  };
  menu.append(
    item("Picture (PNG)…", async ({ svg }) => save(name, "png", await rasterized(svg()))),
    item("Vector picture (SVG)…", ({ svg }) => save(name, "svg", new TextEncoder().encode(svg()))),
    item("Values (CSV)…", ({ csv }) => save(name, "csv", new TextEncoder().encode(csv()))),
  );
  const button = element("button", {
    ...{ class: "quiet", type: "button", title: `Export ${title}`, "aria-label": `Export ${title}` },
    "aria-haspopup": "menu",
  });
  button.append(icon("export"));
  button.addEventListener("click", () => menu.togglePopover());
  menu.addEventListener("toggle", (event) => {
    if ((event as ToggleEvent).newState !== "open") return;
    const { bottom, right } = button.getBoundingClientRect();
    menu.style.top = `${bottom + 2}px`;
    menu.style.left = `${Math.max(4, right - menu.offsetWidth)}px`;
    menu.querySelector("button")?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move === 0) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(at + move + items.length) % items.length]!.focus();
  });
  const card = element(
    "section",
    { class: "card chart-card", "aria-label": title, "data-chart": name },
    element(
      "header",
      tools.length > 1 ? { class: "own-line" } : {},
      ...[element("h2", { class: "visually-hidden" }, title), ...tools, button, menu],
    ),
    place,
  );
  return {
    element: card,
    place,
    setContent(next: CardContent) {
      content = next;
    },
  };
}
