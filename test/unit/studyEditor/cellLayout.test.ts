import { describe, expect, it } from "vitest";
import { planStudy } from "../../../src/core/study/plan.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { planOutline } from "../../../src/core/study/results.ts";
import { byAxes, bySeeds } from "../../../webview/study/cellLayout.ts";

const BASE = "data: {path: images, image_size: 32}\nmodel: {patch_size: 4}\n";
const TEXT =
  "base: a\naxes: {mask.strategy: [patch, block], mask.rate: [0.25, 0.5, 0.75], finetune.lr: [1e-4, 2e-4]}\nseeds: 2";
const outline = planOutline(
  planStudy(readStudy(TEXT).study!, { baseText: BASE, baseName: "a", digest: (text) => String(text.length) }),
);
const cells = (rows: ReturnType<typeof bySeeds>["rows"]) => rows.flatMap(({ columns }) => columns.flat());
const everyCell = outline.cells.map((_, i) => i);

describe("cells as rows and columns", () => {
  it("have a row for each configuration and a column for each seed", () => {
    const { rows, columns } = bySeeds(outline);
    expect(columns).toEqual(["seed 0", "seed 1"]);
    expect(rows).toHaveLength(12);
    expect(cells(rows)).toEqual(everyCell);
    for (const { configurations, columns: own } of rows) {
      for (const [place] of own) expect(outline.cells[place!]!.configuration).toBe(configurations[0]);
    }
  });

  it("have each place once in a table of two axes, with all that the other axes and seeds vary", () => {
    const { rows, columns, corner } = byAxes(outline, 1, 0);
    expect(corner).toBe("rate ↓  strategy →");
    expect(columns).toEqual(["patch", "block"]);
    expect(rows.map(({ label }) => label)).toEqual(["0.25", "0.5", "0.75"]);
    expect(cells(rows).sort((a, b) => a - b)).toEqual(everyCell);
    for (const place of rows[2]!.columns[1]!) {
      expect(outline.configurations[outline.cells[place]!.configuration]!.label).toMatch(/strategy block, rate 0.75/);
    }
  });
});
