/** One image of the batch: its views side by side, what is known of it, and a mark on the token that is looked at. */
import type { LivePreview, PreviewView } from "../../src/core/batch/livePreview.ts";
import { element } from "../ui/element.ts";
import { count, share } from "./numbers.ts";
import type { StoredImage } from "./pixelStore.ts";

const VIEW_NAMES = { original: "Original", masked: "Masked", noised: "Noised" } as const;

/** A token of an image. */
export interface TokenPlace {
  readonly slot: number;
  readonly row: number;
  readonly column: number;
}

export class ImageCell {
  readonly element: HTMLElement;
  private readonly frames = element("span", { class: "frames" });
  private readonly caption = element("span", { class: "caption", "aria-hidden": "true" });
  private readonly canvases = new Map<PreviewView, HTMLCanvasElement>();
  private picture: ImageData | null = null;
  private description = "";

  constructor(readonly slot: number) {
    this.element = element("div", { class: "cell", role: "option", tabindex: "-1", "aria-selected": "false" });
    this.element.dataset["slot"] = String(slot);
    this.element.append(this.frames, this.caption);
  }

  /** Has one canvas for each of these views, in this order. */
  setViews(views: readonly PreviewView[]): void {
    if (views.join() === [...this.canvases.keys()].join()) return;
    const kept = new Map(this.canvases);
    this.canvases.clear();
    for (const view of views) {
      const canvas = kept.get(view) ?? element("canvas", { width: "0", height: "0" });
      canvas.dataset["view"] = view;
      this.canvases.set(view, canvas);
    }
    this.frames.replaceChildren(
      ...[...this.canvases].map(([view, canvas]) =>
        element("span", { class: "frame", title: VIEW_NAMES[view] }, canvas, element("span", { class: "overlay" })),
      ),
    );
  }

  /** Draws all its views. @param timestep null: the plan's own */
  draw(live: LivePreview, image: StoredImage, timestep: number | null): void {
    const { imageSize: size } = live.context.shape;
    if (this.picture?.width !== size) this.picture = new ImageData(size, size);
    for (const [view, canvas] of this.canvases) {
      if (canvas.width !== size) {
        canvas.width = size;
        canvas.height = size;
      }
      live.draw(view, this.slot, image.pixels, timestep, { data: this.picture.data, depth: 4 });
      // Drawn by the processor and looked at by it: no round trip to a graphics card.
      canvas.getContext("2d", { willReadFrequently: true })?.putImageData(this.picture, 0, 0);
    }
    this.element.classList.remove("waiting");
  }

  /** @param label its class; null: the model has none */
  describe(live: LivePreview, image: StoredImage | undefined, timestep: number | null, label: string | null): void {
    const { plan, context } = live;
    const name = image?.path ?? "";
    const t = timestep ?? plan.timesteps[this.slot]!;
    const flipped = plan.flips[this.slot] === 1;
    const lines = [
      `Image ${this.slot + 1} of ${live.count}${name === "" ? "" : `: ${name}`}`,
      ...(label === null ? [] : [`class ${label}`]),
      `t = ${t}, ${context.schedule.shareName} = ${share(context.schedule.levels[t]!.share)}${flipped ? ", mirrored" : ""}`,
      `${count(live.visibleTokens)} of ${count(live.geometry.tokens)} tokens visible`,
    ];
    const description = lines.join(". ");
    if (description === this.description) return;
    this.description = description;
    this.element.setAttribute("aria-label", description);
    const file = name.slice(name.lastIndexOf("/") + 1);
    const short = label === null ? file : `${image?.className} · ${file}`;
    this.caption.replaceChildren(
      element("span", { class: "caption-name", title: label === null ? name : `${name}, class ${label}` }, short),
      element("span", { class: "caption-facts" }, `${flipped ? "⇋ " : ""}t ${t}`),
    );
  }

  /** What it showed is of before the last change. */
  setWaiting(): void {
    this.element.classList.add("waiting");
  }

  /** Marks a token; null: none. */
  mark(token: TokenPlace | null): void {
    this.element.classList.toggle("marked", token !== null);
    if (token === null) return;
    this.element.style.setProperty("--row", String(token.row));
    this.element.style.setProperty("--column", String(token.column));
  }

  /** The token under a pointer; null beside the images. */
  tokenAt(event: PointerEvent, grid: number): TokenPlace | null {
    for (const canvas of this.canvases.values()) {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * grid);
      const row = Math.floor(((event.clientY - box.top) / box.height) * grid);
      if (column >= 0 && column < grid && row >= 0 && row < grid) return { slot: this.slot, row, column };
    }
    return null;
  }
}
