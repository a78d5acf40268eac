/** The clouds of a moment with their marginals, and the distances up to it. */
import { TOY_MEASURES, type ToyMeasure, toyCurvesSvg } from "../../src/core/toy/curves.ts";
import { TOY_SET_TITLES } from "../../src/core/toy/dataSets.ts";
import type { ToyCloud, ToyFrame, ToyStart } from "../../src/core/toy/messages.ts";
import { PANEL, type ToyColours, toyPanelSvg } from "../../src/core/toy/panel.ts";
import { distanceText } from "../../src/core/toy/table.ts";
import { element } from "../ui/element.ts";
import { svgElement } from "../ui/svgElement.ts";

/** The theme's own: the page's style says what the names are. */
const COLOURS: ToyColours = {
  ...{ text: "var(--vscode-foreground)", muted: "var(--muted)", grid: "var(--grid)", background: "transparent" },
  ...{ target: "var(--target)", drawn: "var(--accent)" },
};

export class Pictures {
  readonly element: HTMLElement;
  private readonly clouds = element("div", { class: "clouds" });
  private readonly curves = element("div", { class: "curves" });
  private width = 0;
  private shown: { readonly start: ToyStart; readonly frames: readonly ToyFrame[]; readonly at: ToyFrame } | null =
    null;

  constructor() {
    this.element = element("div", { class: "pictures" }, this.clouds, this.curves);
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width === this.width) return;
      this.width = width;
      this.draw();
    }).observe(this.curves);
  }

  /** @param at one of the frames; undefined: there is none yet */
  update(start: ToyStart | null, frames: readonly ToyFrame[], at: ToyFrame | undefined): void {
    this.shown = start === null || at === undefined ? null : { start, frames, at };
    this.draw();
  }

  private draw(): void {
    const { shown } = this;
    this.element.hidden = shown === null;
    if (shown === null) return;
    const { start, frames, at } = shown;
    const target = start.target.points;
    const staged =
      at.stage === "pretrain"
        ? { title: "Primer", note: "pretrained, each coordinate by itself" }
        : { title: "Finetuned", note: at.step === 0 ? "the primer's network, both coordinates" : "both coordinates" };
    this.clouds.replaceChildren(
      figure({ ...staged, points: at.staged.points, target }, cloudText(at.staged)),
      figure(
        { title: "From scratch", note: "both coordinates", points: at.scratch.points, target },
        cloudText(at.scratch),
      ),
      figure(
        { title: TOY_SET_TITLES[start.settings.set], note: "the target", points: null, target },
        `other draws of it: ${cloudText(start.target)}`,
      ),
    );
    // Two beside each other where there is room.
    const width = this.width >= 760 ? Math.floor(this.width / 2) - 8 : this.width;
    if (width < 200) return;
    const look = { width, height: 230, colours: COLOURS };
    this.curves.replaceChildren(
      ...(Object.keys(TOY_MEASURES) as ToyMeasure[]).map((measure) =>
        svgElement(toyCurvesSvg(start, frames, measure, look, at.index + 1)),
      ),
    );
  }
}

function figure(panel: Omit<Parameters<typeof toyPanelSvg>[0], "colours">, caption: string): HTMLElement {
  const { width, height } = PANEL;
  const svg = svgElement(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 0 ${width} ${height}" font-size="11" fill="${COLOURS.text}">${toyPanelSvg({ ...panel, colours: COLOURS })}</svg>`,
  );
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${panel.title}: ${caption}`);
  return element("figure", {}, svg, element("figcaption", {}, caption));
}

const cloudText = ({ distances: { energy, marginals } }: ToyCloud): string =>
  `energy distance ${distanceText(energy)}, marginals ${marginals.map(distanceText).join(" and ")}`;
