/** A chart of results in a card, with its title and a way to export it. */
import { element } from "../ui/element.ts";
import { exportMenu, pictureBytes } from "../ui/exportMenu.ts";
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
  const name = title.toLowerCase().replaceAll(" ", "-");
  let content: CardContent | null = null;
  const picture = async (kind: "png" | "svg"): Promise<void> => {
    if (content !== null) await save(name, kind, await pictureBytes(content.svg(), kind));
  };
  const menu = exportMenu(title, "quiet", [
    ["Picture (PNG)…", () => void picture("png")],
    ["Vector picture (SVG)…", () => void picture("svg")],
    ["Values (CSV)…", () => content && void save(name, "csv", new TextEncoder().encode(content.csv()))],
  ]);
  const card = element(
    "section",
    { class: "card chart-card", "aria-label": title, "data-chart": name },
    element(
      "header",
      tools.length > 1 ? { class: "own-line" } : {},
      ...[element("h2", { class: "visually-hidden" }, title), ...tools, menu],
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
