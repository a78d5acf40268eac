/** One line about the token that is looked at, in words; read out when it was reached by keys. */
import type { LivePreview } from "../../src/core/batch/livePreview.ts";
import { element } from "../ui/element.ts";
import type { ClassLabels } from "./classLabels.ts";
import type { TokenPlace } from "./imageCell.ts";
import { share } from "./numbers.ts";
import type { PixelStore } from "./pixelStore.ts";

const HINT = "Point at an image, or focus one and press Enter, to see its tokens.";

export class Inspector {
  readonly element: HTMLElement;
  private readonly text = element("span", {}, HINT);
  private readonly spoken = element("span", { class: "visually-hidden", role: "status" });

  constructor() {
    this.element = element("div", { class: "inspector" }, this.text, this.spoken);
  }

  show(
    place: TokenPlace | null,
    byKeys: boolean,
    live: LivePreview | null,
    store: PixelStore,
    classes: ClassLabels | null,
  ): void {
    if (place === null || live === null || place.slot >= live.count) {
      this.text.textContent = HINT;
      this.spoken.textContent = "";
      return;
    }
    const { slot, row, column } = place;
    const { shape, schedule } = live.context;
    const token = row * live.geometry.gridSize + column;
    const p = shape.patchSize;
    const state = live.visible(slot).includes(token) ? "visible" : "hidden";
    const about = `token ${token}, row ${row}, column ${column}: ${state}`;
    const t = live.plan.timesteps[slot]!;
    const shown = store.get(live.plan.indices[slot]!);
    const name = shown?.path;
    const image = [
      `image ${slot + 1}${name ? ` ${name}` : ""}`,
      `t ${t} (${schedule.shareName} ${share(schedule.levels[t]!.share)})`,
      ...(live.plan.flips[slot] === 1 ? ["mirrored"] : []),
    ];
    const named = classes?.labelOf(shown?.className ?? null) ?? null;
    const label = named === null ? "" : ` · class ${named}`;
    const region = `pixels x ${range(column, p)}, y ${range(row, p)}`;
    this.text.replaceChildren(
      element("strong", {}, about.charAt(0).toUpperCase() + about.slice(1)),
      `${label} · ${region} · ${image.join(" · ")}`,
    );
    this.spoken.textContent = byKeys ? `${about}, ${region}` : "";
  }
}

const range = (index: number, size: number): string =>
  size === 1 ? String(index) : `${index * size}–${(index + 1) * size - 1}`;
