/** A page with the charts of a study and nothing else; the test hands it a table. */
import "../../../webview/ui/base.css";
import "../../../webview/study/charts/charts.css";
import type { ParallelFilter } from "../../../src/core/study/charts/parallel.ts";
import { foldSeeds } from "../../../src/core/study/charts/seedCurves.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { studyColours } from "../../../webview/study/charts/colours.ts";
import { mountParallelCoordinates } from "../../../webview/study/charts/parallelCoordinates.ts";
import { mountCurves, mountDotPlot, mountHeatMap, mountPareto } from "../../../webview/study/charts/pictures.ts";
import { mountSamples } from "../../../webview/study/charts/samples.ts";
import { readPalette } from "../../../webview/ui/palette.ts";
import { rasterized } from "../../../webview/ui/rasterize.ts";

export interface ChartsPage {
  show(table: StudyTable, filter: ParallelFilter): void;
  filter: ParallelFilter | null;
  readonly chosen: number[];
  /** first bytes of the heat map as a PNG */
  png(): Promise<number[]>;
}

const place = (name: string): HTMLElement => {
  const section = document.createElement("section");
  section.id = name;
  document.body.append(section);
  return section;
};

let heatMap: ReturnType<typeof mountHeatMap> | null = null;
const page: ChartsPage = {
  filter: null,
  chosen: [],
  show(table, filter) {
    const colours = studyColours(readPalette());
    const shared = { colours, onChoose: (row: number) => page.chosen.push(row) };
    heatMap = mountHeatMap(place("heatMap"), table, { ...shared, choice: null });
    mountDotPlot(place("dotPlot"), table, { ...shared, order: "metric" });
    mountPareto(place("pareto"), table, { ...shared, height: 380 });
    mountParallelCoordinates(place("parallel"), table, {
      ...{ ...shared, height: 420, filter },
      onFilter: (next) => {
        page.filter = next;
      },
    });
    const curves = table.rows.slice(0, 3).flatMap(({ index }) => {
      const xs = Float64Array.from({ length: 50 }, (_, i) => 10 * i);
      const seeds = table.seeds.map((seed) => ({
        xs,
        ys: Float32Array.from(xs, (x) => 1 / (1 + x / 50) + 0.02 * (index + seed)),
      }));
      return foldSeeds(index, seeds) ?? [];
    });
    mountCurves(place("curves"), table, {
      ...shared,
      curves,
      measure: "loss",
      axis: "step",
      band: "range",
      height: 320,
    });
    const pixels = Uint8Array.from({ length: 4 * 8 * 8 * 3 }, (_, i) => (i * 37) % 256);
    mountSamples(place("samples"), table, {
      ...{ ...shared, side: 48 },
      strips: [{ row: 0, seed: 0, count: 4, side: 8, channels: 3, pixels }],
    });
  },
  png: async () => [...(await rasterized(heatMap!.svg())).subarray(0, 8)],
};
Object.assign(window, { page });
