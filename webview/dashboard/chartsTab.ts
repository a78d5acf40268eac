/** All charts of the runs: draws those on the screen, and asks the extension for the points they need. */
import { CHART_IDS, type ChartId } from "../../src/core/series/charts.ts";
import { element } from "../ui/element.ts";
import { ChartCard } from "./chartCard.ts";
import { chartsToolbar } from "./chartsToolbar.ts";
import type { Model } from "./model.ts";
import { settings } from "./settings.ts";

/** Of a frame's 33 ms, drawing may take so many; charts that are left over are drawn in the next ones. */
const DRAW_MS = 14;
/** What a browser paints after a drawing is not in that time: while the view moves, so many lines are drawn in a frame … */
const MOVING_LINES = 40;
/** … but for every so many frames, in which another chart has its turn. */
const OTHERS_TURN = 5;
/** Labels of charts for screen readers change this often. */
const DESCRIBE_MS = 5000;
const FEWEST_PIXELS = 64;

export class ChartsTab {
  readonly root: HTMLElement;
  private readonly cards = new Map<ChartId, ChartCard>();
  private readonly onScreen = new Set<ChartId>();
  /** charts to be drawn, first come first served */
  private readonly waiting = new Set<ChartId>();
  private frame = 0;
  private frames = 0;
  private asking = false;
  private askAgain = false;

  constructor(private readonly model: Model) {
    const grid = element("div", { class: "charts" });
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const id = (target as HTMLElement).dataset["chart"] as ChartId;
        if (isIntersecting) this.onScreen.add(id);
        else this.onScreen.delete(id);
      }
      this.viewChanged();
    });
    for (const id of CHART_IDS) {
      const card = new ChartCard(id, model);
      this.cards.set(id, card);
      grid.append(card.root);
      observer.observe(card.root);
    }
    this.root = element("div", { class: "charts-tab" }, chartsToolbar(model), grid);
    model.on("lines", (charts) => {
      this.hideAbsent();
      this.draw(charts ?? new Set(CHART_IDS));
    });
    model.on("view", () => this.viewChanged());
    model.on("cross", () => {
      for (const id of this.onScreen) this.cards.get(id)!.layer.draw();
    });
    model.on("theme", () => this.renew());
    setInterval(() => {
      for (const id of this.onScreen) this.cards.get(id)!.describe();
    }, DESCRIBE_MS);
  }

  /** Makes the charts anew, for other axes or colours. */
  renew(): void {
    for (const card of this.cards.values()) card.renew();
    this.viewChanged();
  }

  private viewChanged(): void {
    this.hideAbsent();
    this.root.classList.toggle("one", settings.large !== null);
    this.draw(this.onScreen);
    void this.ask();
  }

  private hideAbsent(): void {
    const { large } = settings;
    for (const [id, card] of this.cards) card.root.hidden = large === null ? card.isAbsent : large !== id;
  }

  private draw(charts: Iterable<ChartId>): void {
    for (const id of charts) if (this.onScreen.has(id)) this.waiting.add(id);
    if (this.waiting.size === 0 || this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawWaiting();
    });
  }

  /** The chart that is pointed at is drawn in every frame, the others take turns as time allows. */
  private drawWaiting(): void {
    const began = performance.now();
    const inUse = this.model.cross?.chart;
    const first = inUse !== undefined && this.waiting.has(inUse) ? [inUse] : [];
    const most = this.model.moving && ++this.frames % OTHERS_TURN !== 0 ? MOVING_LINES : Number.POSITIVE_INFINITY;
    let lines = 0;
    for (const id of [...first, ...this.waiting]) {
      if (!this.waiting.delete(id)) continue;
      const card = this.cards.get(id)!;
      card.draw();
      lines += card.drawnLines.length;
      if (performance.now() - began > DRAW_MS || lines >= most) break;
    }
    if (this.waiting.size > 0) this.draw([]);
  }

  /** Tells the extension what is in view; one question at a time, the last one always. */
  private async ask(): Promise<void> {
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    if (this.onScreen.size === 0) return;
    this.asking = true;
    const { model } = this;
    const inUse = model.cross?.chart;
    // Whether there is anything to show in these only their points tell.
    const asked = new Set([...this.onScreen, ...CHART_IDS.filter((id) => this.cards.get(id)!.isAbsent)]);
    const widths = [...this.onScreen].map((id) => this.cards.get(id)!.root.clientWidth);
    const { x, logX, range, hidden } = settings;
    try {
      await model.messenger.request("view", {
        charts: [...asked].sort((a, b) => Number(b === inUse) - Number(a === inUse)),
        ...{ x, logX, range, hidden },
        pixels: Math.max(FEWEST_PIXELS, ...widths),
        tau: model.tau,
        raw: model.showsRaw,
      });
    } finally {
      this.asking = false;
    }
    if (!this.askAgain) return;
    this.askAgain = false;
    void this.ask();
  }
}
