import { describe, expect, it } from "vitest";
import { asSchedule, withChange, withoutPiece, withPiece } from "../../../src/core/masks/editSchedule.ts";
import {
  borderStep,
  maskPieces,
  onGrid,
  pieceAt,
  pieceFrom,
  piecesOver,
  pieceText,
  type RatePiece,
  stepsText,
} from "../../../src/core/masks/schedule.ts";

const SECTION = { strategy: "block", block_size: 2, cell_size: 2, crop_size: null } as const;
const pieces = (rate: number | RatePiece[], steps = 1000) => maskPieces({ ...SECTION, rate }, "pretrain", steps);
const borders = (rate: RatePiece[], steps?: number) => pieces(rate, steps).map(({ from, until }) => [from, until]);

describe("maskPieces", () => {
  it("is one piece for a number, and one without a mask for finetuning", () => {
    const config = { strategy: "block", rate: 0.9, blockSize: 2, cellSize: 2, cropSize: null };
    expect(pieces(0.9)).toEqual([{ name: "mask.rate", from: 0, until: 1000, config }]);
    const finetune = maskPieces({ ...SECTION, rate: [{ until: 5, rate: 0.9 }, { rate: 0 }] }, "finetune", 20);
    expect(finetune).toMatchObject([{ from: 0, until: 20, config: { strategy: "none", rate: 0 } }]);
  });

  it("resolves steps and shares, and takes from the section what a piece leaves out", () => {
    const found = pieces([{ until: 100, rate: 0.9 }, { until: 0.5, rate: 0.5, strategy: "patch" }, { rate: 0 }]);
    expect(found.map(({ name, from, until }) => [name, from, until])).toEqual([
      ["mask.rate[0]", 0, 100],
      ["mask.rate[1]", 100, 500],
      ["mask.rate[2]", 500, 1000],
    ]);
    expect(found.map(({ config }) => config.strategy)).toEqual(["block", "patch", "block"]);
    expect(found[1]!.config.blockSize).toBe(2);
  });

  it.each([
    [0.5, 1000, 500],
    [0.5, 3, 2],
    [0.0001, 1000, 1],
    [0.999, 10, 10],
    [1, 1000, 1],
    [250, 1000, 250],
  ])("a border %d of %d steps is at step %d", (until, steps, step) => {
    expect(borderStep(until, steps)).toBe(step);
  });

  it("keeps borders that are wrong as they are asked for, for lint to tell", () => {
    expect(borders([{ until: 500, rate: 0.9 }, { until: 200, rate: 0.5 }, { rate: 0 }])).toEqual([
      [0, 500],
      [500, 200],
      [200, 1000],
    ]);
    expect(borders([{ rate: 0.9 }, { rate: 0 }])).toEqual([
      [0, 1000],
      [1000, 1000],
    ]);
  });
});

describe("the piece of a step", () => {
  const found = pieces([{ until: 10, rate: 0.9 }, { until: 11, rate: 0.5 }, { rate: 0 }], 20);

  it("is the one that the step is in; the last one holds behind the end", () => {
    expect([0, 9, 10, 11, 19, 20, 1e9].map((step) => found.indexOf(pieceAt(found, step)))).toEqual([
      0, 0, 1, 2, 2, 2, 2,
    ]);
  });

  it("begins at a border, and not with training", () => {
    expect([0, 9, 10, 11, 20].map((step) => pieceFrom(found, step)?.name ?? null)).toEqual([
      null,
      null,
      "mask.rate[1]",
      "mask.rate[2]",
      null,
    ]);
  });

  it("is over when its last step is done; the last piece never is", () => {
    expect([9, 10, 11, 20].map((done) => piecesOver(found, done).length)).toEqual([0, 1, 2, 2]);
  });

  it("says its steps and tokens", () => {
    expect(found.map(stepsText)).toEqual(["steps 0 to 9", "step 10", "steps 11 to 19"]);
    expect(onGrid(found, 8)!.map(pieceText)).toEqual([
      "mask.rate[0], steps 0 to 9: S = 8 of 64 tokens",
      "mask.rate[1], step 10: S = 32 of 64 tokens",
      "mask.rate[2], steps 11 to 19: S = 64 of 64 tokens",
    ]);
  });

  it("has no geometry on a grid that one of them does not fit", () => {
    expect(onGrid(found, 7)).toBeNull();
  });
});

describe("changes of a schedule", () => {
  it("begin with one rate, of which less is hidden from half of the steps on", () => {
    expect(asSchedule(0.9)).toEqual([{ until: 0.5, rate: 0.9 }, { rate: 0.5 }]);
    expect(asSchedule(0.5)).toEqual([{ until: 0.5, rate: 0.5 }, { rate: 0 }]);
  });

  it("add a piece behind the last one, its border of the kind of the one before", () => {
    expect(
      withPiece(
        [
          { until: 0.5, rate: 0.9 },
          { rate: 0.6, block_size: 2 },
        ],
        1000,
      ),
    ).toEqual([
      { until: 0.5, rate: 0.9 },
      { until: 0.75, rate: 0.6, block_size: 2 },
      { rate: 0.5, block_size: 2 },
    ]);
    // As text it is written in this order.
    const [, second] = withPiece([{ until: 400, rate: 0.9 }, { rate: 0.5 }], 1000);
    expect(JSON.stringify(second)).toBe('{"until":700,"rate":0.5}');
    for (let made = asSchedule(0.9), i = 0; i < 8; i++) {
      made = withPiece(made, 100_000);
      for (const { from, until } of pieces(made, 100_000)) expect(until).toBeGreaterThan(from);
    }
  });

  it("take a piece out; the last one holds to the end, and one that is left alone is a number", () => {
    const three: RatePiece[] = [{ until: 5, rate: 0.9 }, { until: 9, rate: 0.5, strategy: "patch" }, { rate: 0 }];
    expect(withoutPiece(three, 0)).toEqual([{ until: 9, rate: 0.5, strategy: "patch" }, { rate: 0 }]);
    expect(withoutPiece(three, 2)).toEqual([
      { until: 5, rate: 0.9 },
      { rate: 0.5, strategy: "patch" },
    ]);
    expect(withoutPiece(three.slice(1), 0)).toBe(0);
    expect(withoutPiece(three.slice(1), 1)).toEqual([{ rate: 0.5, strategy: "patch" }]);
  });

  it("change one key of one piece", () => {
    expect(withChange(asSchedule(0.9), 0, { until: 0.25 })).toEqual([{ until: 0.25, rate: 0.9 }, { rate: 0.5 }]);
  });
});
