import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { planStudy } from "../../../src/core/study/plan.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { studyTotals } from "../../../src/core/study/totals.ts";

const BASE = `data: {path: images, image_size: 32}
model: {patch_size: 4, embed_dim: 64, depth: 3, num_heads: 2}
mask: {strategy: block, block_size: 4, rate: 0.75}
`;

const totals = (text: string) =>
  studyTotals(
    planStudy(readStudy(`base: faces.maskdm.yaml\n${text}`).study!, {
      baseText: BASE,
      baseName: "faces",
      digest: (value) => createHash("sha256").update(value).digest("hex"),
    }),
  );

describe("what a study comes to", () => {
  it("counts a pretraining once that several finetunings start from", () => {
    expect(totals("axes: {finetune.lr: [1e-4, 2e-4]}\nseeds: 3")).toEqual({
      ...{ cells: 6, distinctCells: 6, refused: 0, coincidences: [] },
      ...{ trainings: 9, pretrainings: 3, sharedPretrainings: 3, unshared: 12 },
    });
  });

  it("names the configurations that coincide, and the masks that they come to", () => {
    const found = totals("axes: {mask.rate: [0.75, 0.8, 0.5]}\nseeds: 2");
    expect(found.cells).toBe(6);
    expect(found.distinctCells).toBe(4);
    expect(found.coincidences).toEqual([
      { configurations: [0, 1], why: "the same masks on the grid, whatever mask.rate asks for: S = 16 of 64 tokens" },
    ]);
  });

  it("says of a key that nothing reads that it makes no difference", () => {
    const [found] = totals("axes: {mask.cell_size: [2, 4]}\nseeds: 1").coincidences;
    expect(found).toEqual({
      configurations: [0, 1],
      why: "nothing that is trained or drawn reads the difference in mask.cell_size",
    });
  });

  it("counts configurations that cannot be trained apart", () => {
    const found = totals("axes: {model.patch_size: [4, 5]}\nseeds: 2");
    expect(found).toMatchObject({ cells: 4, distinctCells: 2, refused: 1, trainings: 4 });
  });
});
