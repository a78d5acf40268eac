/** How often each token is visible, counted over the masks that training draws next. */
import type { BatchPlanner } from "../../src/core/batch/plan.ts";
import type { MaskGeometry } from "../../src/core/masks/masks.ts";
import { summarizeVisibility, visibilityProbability } from "../../src/core/masks/visibility.ts";
import { element } from "../ui/element.ts";
import { count, share, short, signed } from "./numbers.ts";

const DRAWS = 1000;
/** Masks drawn between two looks at the clock. */
const DRAWS_PER_PIECE = 10;

export class HeatMap {
  readonly element: HTMLElement;
  private readonly canvas = element("canvas", { class: "heat", role: "img" });
  private readonly scale = element("canvas", { class: "heat-scale", width: "128", height: "1", "aria-hidden": "true" });
  private readonly most = element("span", { class: "heat-most" });
  private readonly expectedMark = element("span", { class: "heat-expected" });
  private readonly facts = element("dl", { class: "heat-facts" });
  private readonly under = element("p", { class: "heat-under", "aria-live": "off" });
  private shownKey = "";
  private counts: Uint32Array = new Uint32Array(0);
  private geometry: MaskGeometry | null = null;

  constructor() {
    this.element = element(
      "section",
      { class: "card heat-map", "aria-label": "How often each token is visible" },
      element("h2", {}, "Visibility of tokens"),
      element(
        "div",
        { class: "heat-body" },
        element("div", { class: "heat-frame" }, this.canvas),
        element(
          "div",
          { class: "heat-side" },
          element(
            "div",
            { class: "heat-legend" },
            element("span", {}, "0"),
            element("span", { class: "heat-bar" }, this.scale, this.expectedMark),
            this.most,
          ),
          this.facts,
          this.under,
        ),
      ),
    );
    this.canvas.addEventListener("pointermove", (event) => this.tellToken(event));
    this.canvas.addEventListener("pointerleave", () => {
      this.under.textContent = "";
    });
  }

  /** Pieces of work that draw the map, where it is not the one shown already. */
  *draw(planner: BatchPlanner, step: number): Generator<void> {
    const { seed, stage, batchSize } = planner.config;
    const mask = planner.geometry(step);
    const key = JSON.stringify([mask, seed, stage, step, batchSize, themeColours()]);
    if (key === this.shownKey) return;
    const counts = new Uint32Array(mask.tokens);
    for (let draw = 0; draw < DRAWS; draw++) {
      // Of this step's mask, also where another piece begins meanwhile.
      const visible = planner.mask(step + Math.floor(draw / batchSize), draw % batchSize, mask);
      for (const token of visible) counts[token]! += 1;
      if (draw % DRAWS_PER_PIECE === 0) yield;
    }
    this.shownKey = key;
    this.counts = counts;
    this.geometry = mask;
    this.show(mask, counts, step);
  }

  private show(mask: MaskGeometry, counts: Uint32Array, step: number): void {
    const summary = summarizeVisibility(mask, counts, DRAWS);
    const top = Math.max(summary.most, Number.EPSILON);
    const [from, to] = themeColours();
    const g = mask.gridSize;
    this.canvas.width = g;
    this.canvas.height = g;
    fillCanvas(this.canvas, counts.length, (token) => mix(from, to, counts[token]! / DRAWS / top));
    fillCanvas(this.scale, this.scale.width, (x) => mix(from, to, x / (this.scale.width - 1)));
    const probability = visibilityProbability(mask);
    const least = Math.min(...probability);
    const largest = Math.max(...probability);
    const mean = mask.visibleTokens / mask.tokens;
    this.most.textContent = share(top);
    this.expectedMark.style.insetInlineStart = `${Math.min(1, mean / top) * 100}%`;
    this.expectedMark.title = `S/N = ${share(mean)}`;
    const expected =
      least === largest ? `S/N = ${share(mean)}` : `${share(least)} at the corners to ${share(largest)} in the middle`;
    const token = summary.farthestToken;
    const where = `row ${Math.floor(token / g)}, column ${token % g}`;
    const entries: [string, string][] = [
      ["Masks counted", `${count(DRAWS)}, from batch ${count(step)} on`],
      ["Expected", expected],
      [
        "Counted",
        summary.least === summary.most ? share(summary.most) : `${share(summary.least)} to ${share(summary.most)}`,
      ],
      [
        "Largest deviation",
        summary.deviation === 0
          ? "none"
          : `${signed(summary.deviation)} (${short(Math.abs(summary.sigmas))} σ), ${where}`,
      ],
    ];
    this.facts.replaceChildren(
      ...entries.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    );
    this.canvas.setAttribute("aria-label", entries.map(([name, value]) => `${name}: ${value}`).join(". "));
  }

  private tellToken(event: PointerEvent): void {
    if (this.geometry === null) return;
    const g = this.geometry.gridSize;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.min(g - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * g)));
    const row = Math.min(g - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * g)));
    const token = row * g + column;
    this.under.textContent = `Token ${token} (row ${row}, column ${column}): visible in ${share((this.counts[token] ?? 0) / DRAWS)} of the masks`;
  }
}

type Rgb = readonly [number, number, number];

function fillCanvas(canvas: HTMLCanvasElement, cells: number, colour: (cell: number) => Rgb): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const image = context.createImageData(canvas.width, canvas.height);
  for (let cell = 0; cell < cells; cell++) image.data.set([...colour(cell), 255], cell * 4);
  context.putImageData(image, 0, 0);
}

/** The ends of the scale: the page's background, and the theme's blue. */
function themeColours(): readonly [Rgb, Rgb] {
  const style = getComputedStyle(document.body);
  return [
    rgbOf(style.getPropertyValue("--vscode-editor-background"), [30, 30, 30]),
    rgbOf(style.getPropertyValue("--vscode-charts-blue"), [55, 148, 255]),
  ];
}

function rgbOf(text: string, otherwise: Rgb): Rgb {
  const hex = /^#([0-9a-f]{6})/i.exec(text.trim())?.[1];
  if (hex !== undefined) return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
  const parts = text
    .match(/[\d.]+/g)
    ?.slice(0, 3)
    .map(Number);
  return parts?.length === 3 ? (parts as unknown as Rgb) : otherwise;
}

const mix = (from: Rgb, to: Rgb, at: number): Rgb =>
  [0, 1, 2].map((i) => Math.round(from[i]! + (to[i]! - from[i]!) * at)) as unknown as Rgb;
