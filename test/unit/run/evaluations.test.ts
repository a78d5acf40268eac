/** What is said of evaluations: their texts, what may be compared, tables. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { obstacles, referenceAmong } from "../../../src/core/run/comparableEvaluations.ts";
import { newestEvaluation, readEvaluations } from "../../../src/core/run/evaluations.ts";
import { evaluationsCsv } from "../../../src/core/run/evaluationsCsv.ts";
import { evaluationRows, frechetName, kidText, measuredWith, withError } from "../../../src/core/run/evaluationText.ts";
import { evaluationsOf, newestEvaluationOf, readNeighbours } from "../../../src/node/run/evaluations.ts";
import { madeUpEvaluation } from "../../support/evaluations.ts";
import { temporaryFolder } from "./support.ts";

const line = (change: Parameters<typeof madeUpEvaluation>[0] = {}): string => JSON.stringify(madeUpEvaluation(change));

describe("the text of a value and its error", () => {
  it.each([
    [0.01234, 0.00142, "0.012 ± 0.001"],
    [0.01234, 0.0096, "0.01 ± 0.01"],
    [-0.0003, 0.002, "0.000 ± 0.002"],
    [-0.0123, 0.002, "-0.012 ± 0.002"],
    [12.6, 3.2, "13 ± 3"],
    [1.234e-5, 2.1e-6, "0.000012 ± 0.000002"],
    [0.5, 0, "0.5 ± 0"],
  ])("%d with %d is %s", (value, error, text) => expect(withError(value, error)).toBe(text));

  it("has a further digit of the error on request", () => {
    expect(withError(0.01234, 0.00142, 2)).toBe("0.0123 ± 0.0014");
    expect(kidText(madeUpEvaluation())).toBe("KID 0.012 ± 0.001");
  });
});

it("calls one network's distance FID, and that only in all of its features", () => {
  const all = { distance: 3, components: null };
  expect(frechetName(madeUpEvaluation({ space: "inception-2015", frechet: all }))).toBe("FID");
  expect(frechetName(madeUpEvaluation({ space: "inception-2015" }))).toBe("Fréchet distance");
  expect(frechetName(madeUpEvaluation({ frechet: all }))).toBe("Fréchet distance");
});

it("says what an evaluation was measured with", () => {
  expect(measuredWith(madeUpEvaluation())).toBe("1000 samples in efficientnet-lite0 by ddim, 100 steps, eta 0, seed 0");
  expect(measuredWith(madeUpEvaluation({ eta: null, weights: "raw" }))).toMatch(/steps, seed 0, weights not averaged$/);
  const guided = madeUpEvaluation({ guidance: { scale: 3, from: 0, to: 0.6 }, clip: false });
  expect(measuredWith(guided)).toMatch(/eta 0, guidance 3 from 0 to 0.6 of the noise, not clamped, seed 0$/);
});

describe("evaluations that can be compared", () => {
  it("have the same space, images, numbers, sampler and weights; seed, step and time may differ", () => {
    const reference = madeUpEvaluation();
    expect(obstacles(madeUpEvaluation({ seed: 5, step: 7, time: "2026-02-02T00:00:00.000Z" }), reference)).toEqual([]);
    expect(obstacles(madeUpEvaluation({ spaceVersion: "2" }), reference)).toEqual(["other space (efficientnet-lite0)"]);
    const other = madeUpEvaluation({
      data: "0000000000000000",
      samples: 200,
      trainingImages: 50,
      eta: 1,
      weights: "raw",
    });
    expect(obstacles(other, reference)).toEqual([
      "other training images",
      "other number of samples (200)",
      "other number of training images (50)",
      "other sampler (ddim, 100 steps)",
      "other weights (raw)",
    ]);
  });

  it("are guided alike and clamped alike, as far as it is known", () => {
    const reference = madeUpEvaluation({ clip: true });
    const guided = (scale: number, from = 0) => madeUpEvaluation({ clip: true, guidance: { scale, from, to: 1 } });
    expect(obstacles(guided(3), reference)).toEqual(["other guidance (guidance 3)"]);
    expect(obstacles(reference, guided(3))).toEqual(["other guidance (no guidance)"]);
    expect(obstacles(guided(3), guided(3, 0.1))).toEqual(["other guidance (guidance 3)"]);
    expect(obstacles(guided(3), guided(3))).toEqual([]);
    expect(obstacles(madeUpEvaluation({ clip: true, classes: ["smileys", 3] }), reference)).toEqual([
      "other classes (smileys, 3)",
    ]);
    expect(obstacles(madeUpEvaluation(), reference)).toEqual([]);
    expect(obstacles(madeUpEvaluation({ clip: false }), reference)).toEqual(["predictions not clamped"]);
    expect(obstacles(reference, madeUpEvaluation({ clip: false }))).toEqual(["predictions clamped"]);
  });

  it("are held against one of the largest group, of the newer one among equals", () => {
    const [few, many] = [madeUpEvaluation({ samples: 200 }), madeUpEvaluation()];
    expect(referenceAmong([few, many, many])).toBe(many);
    const newer = { ...few, time: "2026-03-01T00:00:00.000Z" };
    expect(referenceAmong([many, newer])).toBe(newer);
    expect(referenceAmong([])).toBeNull();
  });
});

it("a table has a row for each evaluation, names quoted where they must be", () => {
  const text = evaluationsCsv([
    { id: "a", label: 'the "good" one, 2', evaluations: [madeUpEvaluation({ seed: 1234567890123, eta: null })] },
    { id: "b", label: "b", evaluations: [] },
  ]);
  const [head, row, ...rest] = text.trimEnd().split("\n");
  expect(rest).toEqual([]);
  expect(head).toMatch(/^run,label,time,stage,step,/);
  expect(row).toMatch(
    /^a,"the ""good"" one, 2",2026-01-02T03:04:05.000Z,pretrain,2000,ema,1000,1234567890123,ddim,100,,/,
  );
  expect(head).toMatch(/,clip,guidance,guidanceFrom,guidanceTo,classes$/);
  expect(row).toMatch(/,,1,,,$/);
  expect(row!.split(",")).toHaveLength(head!.split(",").length + 1);
  const some = madeUpEvaluation({ guidance: { scale: 3, from: 0, to: 0.6 }, classes: ["cats", 2] });
  expect(evaluationsCsv([{ id: "c", label: "c", evaluations: [some] }])).toMatch(/,3,0,0.6,cats and 2\n$/);
});

describe("evaluations.jsonl", () => {
  it("tells the newest one past lines that are none, and as much as reading all", () => {
    const text = `${line({ step: 1 })}\n${line({ step: 2 })}\n{"type":"other"}\n{"type":"evalu`;
    expect(newestEvaluation(text)?.step).toBe(2);
    expect(readEvaluations(text).at(-1)).toEqual(newestEvaluation(text));
    expect(newestEvaluation("")).toBeNull();
  });

  it("names no folder or file that is somewhere else", () => {
    for (const change of [{ drawn: "../../other" }, { neighbours: "../x" }, { drawn: "" }, { neighbours: "a/b" }]) {
      expect(newestEvaluation(line(change)), JSON.stringify(change)).toBeNull();
    }
    expect(newestEvaluation(line({ neighbours: "neighbours-1000-fedcba98" }))).not.toBeNull();
  });

  it("has evaluations of before there were looks, which say less", () => {
    const made = madeUpEvaluation();
    const { kidHeldOut, look, copying, ...rest } = made;
    const { nearCopies, ...less } = copying;
    const old = { ...rest, copying: less };
    expect(readEvaluations(`${JSON.stringify(old)}\n`)).toEqual([old]);
    const names = (evaluation: Parameters<typeof evaluationRows>[0]) =>
      evaluationRows(evaluation).map(([name]) => name);
    const added = ["KID, held-out", "border ratio", "grain", "flat background", "near copies"];
    expect(names(made).filter((name) => !names(old).includes(name))).toEqual(added);
    const cells = (evaluation: typeof made) =>
      evaluationsCsv([{ id: "a", label: "a", evaluations: [evaluation] }])
        .trimEnd()
        .split("\n")
        .map((row) => row.split(","));
    const [head, values] = cells(made);
    const by = (name: string) => values![head!.indexOf(name)];
    expect([by("kidHeldOut"), by("grain"), by("grainStandardError"), by("flatBackground")]).toEqual([
      ...["0.0161", "2.4", "0.12", ""],
    ]);
    expect([by("nearCopies"), by("nearCopiesUnseen")]).toEqual(["0.018", "0.004"]);
    expect(cells(old)[1]![head!.indexOf("grain")]).toBe("");
  });

  it("of a run that has none, or a folder in its place, is none", () => {
    const dir = temporaryFolder();
    expect([evaluationsOf(dir), newestEvaluationOf(dir)]).toEqual([[], null]);
    mkdirSync(join(dir, "evaluations.jsonl"));
    expect([evaluationsOf(dir), newestEvaluationOf(dir)]).toEqual([[], null]);
  });

  it("has pictures of neighbours for as long as nobody removes or damages them", () => {
    const place = { dir: temporaryFolder(), drawn: "0123", name: "neighbours-1-2" };
    expect(readNeighbours(place)).toBeNull();
    mkdirSync(join(place.dir, "evaluations", "0123"), { recursive: true });
    const file = join(place.dir, "evaluations", "0123", "neighbours-1-2.json");
    const neighbours = {
      formatVersion: 1,
      samples: 1,
      trainingImages: 1,
      space: "random-convolutions",
      usual: 1,
      picture: { imageSize: 8, scale: 8, separator: 2, columns: 10 },
      pairs: [{ sample: 0, image: "a.png", distance: 1, ratio: 0.5, near: true }],
    };
    writeFileSync(file, JSON.stringify(neighbours));
    expect(readNeighbours(place)).toEqual(neighbours);
    writeFileSync(file, JSON.stringify({ ...neighbours, pairs: 7 }));
    expect(readNeighbours(place)).toBeNull();
  });
});
