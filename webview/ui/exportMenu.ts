/** A button that opens a menu of the kinds of files that a chart can be saved as; the style is menu.css. */
import { element } from "./element.ts";
import { icon } from "./icons.ts";
import { rasterized } from "./rasterize.ts";

/** @param items their texts, and what they do */
export function exportMenu(
  title: string,
  className: string,
  items: readonly (readonly [text: string, act: () => void])[],
): HTMLElement {
  const name = `Export ${title}`;
  const button = element(
    "button",
    { class: className, type: "button", title: name, "aria-label": name, "aria-haspopup": "menu" },
    icon("export"),
  );
  const menu = element("div", { class: "menu", role: "menu", popover: "auto" });
  const made = items.map(([text, act]) => {
    const item = element("button", { type: "button", role: "menuitem" }, text);
    item.addEventListener("click", () => {
      menu.hidePopover();
      act();
    });
    return item;
  });
  menu.append(...made);
  button.addEventListener("click", () => menu.togglePopover());
  menu.addEventListener("toggle", (event) => {
    const open = (event as ToggleEvent).newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const { bottom, right } = button.getBoundingClientRect();
    menu.style.top = `${bottom + 2}px`;
    menu.style.left = `${Math.max(4, right - menu.offsetWidth)}px`;
    made[0]?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move === 0) return;
    event.preventDefault();
    const at = made.indexOf(document.activeElement as HTMLButtonElement);
    made[(at + move + made.length) % made.length]?.focus();
  });
  return element("span", { class: "export" }, button, menu);
}

/** SVG text as a file of either kind. */
export const pictureBytes = async (svg: string, kind: "png" | "svg"): Promise<Uint8Array<ArrayBuffer>> =>
  kind === "svg" ? new TextEncoder().encode(svg) : rasterized(svg);
