/** Drawn images of configurations below each other, enlarged to whole pixels of the screen; the host sends the strips. */

import { type SampleStrip, stripPixels, stripWidth } from "../../../src/core/study/charts/sampleStrips.ts";
import { METRICS } from "../../../src/core/study/metrics.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { metricFormat, STANDING_WORDS } from "../../../src/core/study/words.ts";
import { element } from "../../ui/element.ts";
import type { ChartOptions } from "./chartView.ts";

export interface SamplesOptions extends Pick<ChartOptions, "onChoose"> {
  readonly strips: readonly SampleStrip[];
  /** side of an image on the page, pixels */
  readonly side: number;
}

export interface MountedSamples {
  update(table: StudyTable, options?: Partial<SamplesOptions>): void;
  dispose(): void;
}

export function mountSamples(container: HTMLElement, table: StudyTable, options: SamplesOptions): MountedSamples {
  const root = element("div", { class: "sample-strips" });
  container.append(root);
  let now = options;
  const show = (shown: StudyTable): void => {
    const format = metricFormat(shown);
    root.replaceChildren(...now.strips.map((strip) => figure(strip, shown, format, now)));
  };
  show(table);
  return {
    update(other, changes = {}) {
      now = { ...now, ...changes };
      show(other);
    },
    dispose: () => root.remove(),
  };
}

function figure(
  strip: SampleStrip,
  table: StudyTable,
  format: (value: number) => string,
  { side, onChoose }: SamplesOptions,
): HTMLElement {
  const row = table.rows[strip.row]!;
  const scale = Math.max(1, Math.round(side / strip.side));
  const [width, height] = [stripWidth(strip), strip.side];
  const words = `${METRICS[table.metric].title} ${row.mean === null ? "?" : format(row.mean)}, ${STANDING_WORDS[row.standing]}`;
  const canvas = element("canvas", {
    ...{ width: String(width), height: String(height), role: "img" },
    "aria-label": `${strip.count} images drawn of ${row.label}, training seed ${strip.seed}`,
  });
  canvas.style.width = `${scale * width}px`;
  canvas.getContext("2d")?.putImageData(new ImageData(stripPixels(strip), width, height), 0, 0);
  const name = element("button", { type: "button", class: "link" }, row.label);
  name.addEventListener("click", () => onChoose?.(strip.row));
  const caption = element("figcaption", {}, name, ` · ${words}, training seed ${strip.seed}`);
  return element("figure", { "data-row": String(strip.row) }, caption, element("div", { class: "strip" }, canvas));
}
