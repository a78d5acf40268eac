/** The images of a batch, to be gone through with pointer or keys: arrows between images, Enter for the tokens of one. */
import type { LivePreview, PreviewView } from "../../src/core/batch/livePreview.ts";
import { element } from "../ui/element.ts";
import type { ClassLabels } from "./classLabels.ts";
import { ImageCell, type TokenPlace } from "./imageCell.ts";
import type { PixelStore } from "./pixelStore.ts";

/** Sides of an image on screen over its own, from small to large. */
const SCALES = [1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32];
/** What a cell takes besides its images, in CSS pixels: across (with the gap to the next one), and down. */
const CELL_FRAME = { across: 16, between: 3, down: 32 } as const;
/** Share of the window's height that the images may fill by themselves. */
const HEIGHT_SHARE = 0.8;
/** Images are no smaller than this by themselves, in CSS pixels; then the page scrolls. */
const LEAST_SIDE = 44;

export interface GridLook {
  readonly views: readonly PreviewView[];
  /** null: each at the plan's own */
  readonly timestep: number | null;
  readonly zoom: number;
  readonly grid: boolean;
}

export class ImageGrid {
  readonly element: HTMLElement;
  private readonly cells: ImageCell[] = [];
  private live: LivePreview | null = null;
  private looks: GridLook | null = null;
  /** the image that Tab comes to */
  private current = 0;
  /** the token that arrows move, while they move tokens */
  private token: TokenPlace | null = null;

  /** @param looked told which token is looked at, and whether by keys */
  constructor(private readonly looked: (token: TokenPlace | null, byKeys: boolean) => void) {
    this.element = element("div", { class: "images", role: "listbox", "aria-label": "Images of the batch" });
    new ResizeObserver(() => {
      if (this.live !== null && this.looks !== null) this.setScale(this.live, this.looks);
    }).observe(this.element);
    this.element.addEventListener("pointermove", (event) => this.hover(event));
    this.element.addEventListener("pointerleave", () => this.look(null, false));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusin", (event) => {
      const cell = this.cells.find((other) => other.element === event.target);
      if (cell !== undefined) this.setCurrent(cell.slot);
    });
    this.element.addEventListener("focusout", () => {
      this.token = null;
      this.look(null, false);
    });
  }

  /** Makes cells for the images of a preview. */
  setUp(live: LivePreview, look: GridLook): void {
    this.live = live;
    this.looks = look;
    while (this.cells.length < live.count) this.cells.push(new ImageCell(this.cells.length));
    this.cells.length = Math.max(live.count, 0);
    for (const cell of this.cells) {
      cell.setViews(look.views);
    }
    if (this.element.childElementCount !== live.count) {
      this.element.replaceChildren(...this.cells.map((cell) => cell.element));
    }
    this.setCurrent(Math.min(this.current, live.count - 1));
    this.setScale(live, look);
  }

  /**
   * Pieces of work that draw the images that are there; the others wait.
   * @param classes null: the model has none
   */
  *draw(live: LivePreview, store: PixelStore, timestep: number | null, classes: ClassLabels | null): Generator<void> {
    for (const cell of this.inSightFirst()) {
      const image = store.get(live.plan.indices[cell.slot]!);
      if (image === undefined) {
        cell.setWaiting();
        continue;
      }
      cell.draw(live, image, timestep);
      cell.describe(live, image, timestep, classes?.labelOf(image.className) ?? null);
      yield;
    }
  }

  private inSightFirst(): ImageCell[] {
    const bottom = window.innerHeight;
    const isInSight = (cell: ImageCell): boolean => {
      const box = cell.element.getBoundingClientRect();
      return box.bottom > 0 && box.top < bottom;
    };
    const seen = this.cells.filter(isInSight);
    return seen.length === this.cells.length
      ? this.cells
      : [...seen, ...this.cells.filter((cell) => !seen.includes(cell))];
  }

  /** Whole device pixels for each pixel of an image, so that all are of one size. */
  private setScale(live: LivePreview, { views, zoom, grid }: GridLook): void {
    const { imageSize, patchSize } = live.context.shape;
    const ratio = window.devicePixelRatio;
    const fitting = SCALES.findLastIndex((each) => this.fits((imageSize * each) / ratio, live.count, views.length));
    const scale = SCALES[Math.min(SCALES.length - 1, Math.max(0, fitting + zoom))]!;
    const side = (imageSize * scale) / ratio;
    this.element.style.setProperty("--side", `${side}px`);
    this.element.style.setProperty("--token", `${(side * patchSize) / imageSize}px`);
    this.element.style.setProperty("--views", String(views.length));
    this.element.classList.toggle("small", side * views.length < 80);
    this.element.classList.toggle("smooth", scale < 1);
    this.element.classList.toggle("with-grid", grid);
  }

  /** Whether this many images of this side are seen without scrolling. */
  private fits(side: number, count: number, views: number): boolean {
    if (side <= LEAST_SIDE) return true;
    const across = side * views + CELL_FRAME.between * (views - 1) + CELL_FRAME.across;
    const columns = Math.floor((this.element.clientWidth + 10) / across);
    if (columns === 0) return false;
    return Math.ceil(count / columns) * (side + CELL_FRAME.down) <= window.innerHeight * HEIGHT_SHARE;
  }

  private hover(event: PointerEvent): void {
    const { live } = this;
    const target = event.target instanceof Element ? event.target.closest(".cell") : null;
    const cell = this.cells.find((other) => other.element === target);
    const g = live?.geometry.gridSize;
    this.look(cell === undefined || g === undefined ? null : cell.tokenAt(event, g), false);
  }

  private key(event: KeyboardEvent): void {
    const { live } = this;
    if (live === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const handled = this.token === null ? this.keyAmongImages(event.key, live) : this.keyAmongTokens(event.key, live);
    if (handled) event.preventDefault();
  }

  private keyAmongImages(key: string, live: LivePreview): boolean {
    const columns = this.columns();
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -this.current,
      End: live.count - 1 - this.current,
    };
    if (key === "Enter" || key === " ") {
      const middle = Math.floor(live.geometry.gridSize / 2);
      this.token = { slot: this.current, row: middle, column: middle };
      this.look(this.token, true);
      return true;
    }
    const move = moves[key];
    if (move === undefined) return false;
    const next = this.current + move;
    if (next >= 0 && next < live.count) this.cells[next]!.element.focus();
    return true;
  }

  private keyAmongTokens(key: string, live: LivePreview): boolean {
    if (key === "Escape" || key === "Enter") {
      this.token = null;
      this.look(null, true);
      return true;
    }
    const moves: Readonly<Record<string, [number, number]>> = {
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
    };
    const move = moves[key];
    if (move === undefined || this.token === null) return false;
    const last = live.geometry.gridSize - 1;
    const within = (value: number): number => Math.min(last, Math.max(0, value));
    const { slot, row, column } = this.token;
    this.token = { slot, row: within(row + move[0]), column: within(column + move[1]) };
    this.look(this.token, true);
    return true;
  }

  private look(token: TokenPlace | null, byKeys: boolean): void {
    for (const cell of this.cells) cell.mark(cell.slot === token?.slot ? token : null);
    this.looked(token, byKeys);
  }

  private setCurrent(slot: number): void {
    this.current = Math.max(0, slot);
    for (const cell of this.cells) {
      const isCurrent = cell.slot === this.current;
      cell.element.tabIndex = isCurrent ? 0 : -1;
      cell.element.setAttribute("aria-selected", String(isCurrent));
    }
  }

  private columns(): number {
    const top = this.cells[0]?.element.offsetTop;
    const second = this.cells.findIndex((cell) => cell.element.offsetTop !== top);
    return second === -1 ? this.cells.length : second;
  }
}
