import { describe, expect, it } from "vitest";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import {
  measurementFor,
  rateOf,
  type SpeedMeasurement,
  type SpeedPoint,
  speedKey,
  speedPoint,
  stepWork,
  withMeasurement,
} from "../../../src/core/cost/speed.ts";
import { type StageFacts, stageFacts } from "../../../src/core/cost/stageFacts.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { experimentOf } from "../designer/support.ts";

const experiment = experimentOf(`
data: { path: images, image_size: 32 }
model: { patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 }
mask: { strategy: block, rate: 0.9, block_size: 2 }
pretrain: { steps: 1000, batch_size: 64 }
finetune: { steps: 500, batch_size: 16 }
`);
const GIB = 2 ** 30;

describe("stageFacts", () => {
  it("gives tokens and cost of both stages", () => {
    const pretrain = stageFacts(experiment, "pretrain", 8 * GIB)!;
    const finetune = stageFacts(experiment, "finetune", 8 * GIB)!;
    const [piece] = pretrain.pieces;
    expect(piece!.geometry).toMatchObject({ tokens: 64, visibleTokens: 8, effectiveRate: 0.875 });
    expect(piece!.tokensPerBatch).toBe(512);
    expect(finetune.pieces[0]!.tokensPerBatch).toBe(1024);
    expect(finetune.pieces[0]!.relativeCost).toBe(1);
    const flops = (tokens: number) => imageCost(modelShape(experiment), tokens).trainingFlops;
    expect(piece!.relativeCost).toBeCloseTo(flops(8) / flops(64), 12);
    expect(piece!.flopsPerStep).toBe(64 * flops(8));
    expect(pretrain.fits).toBe(true);
  });

  it("takes micro-batches that fit, or the one asked for", () => {
    const tight = { ...experiment, engine: { ...experiment.engine, memory_gb: 0.18 } };
    const chosen = stageFacts(tight, "finetune", 8 * GIB)!;
    expect(chosen.pieces[0]!.microBatchSize).toBeLessThan(16);
    expect(chosen.memoryBytes).toBeLessThanOrEqual(0.18 * GIB);
    const asked = { ...tight, finetune: { ...tight.finetune, micro_batch_size: 16 } };
    expect(stageFacts(asked, "finetune", 8 * GIB)).toMatchObject({ pieces: [{ microBatchSize: 16 }], fits: false });
    expect(stageFacts(experiment, "finetune", null)).toMatchObject({ pieces: [{ microBatchSize: 16 }], fits: null });
  });

  it("is null where the mask does not fit the grid, and then for that stage alone", () => {
    const wrong = { ...experiment, mask: { ...experiment.mask, block_size: 3 } };
    expect(stageFacts(wrong, "pretrain", null)).toBeNull();
    expect(stageFacts(wrong, "finetune", null)).not.toBeNull();
    const uneven = { ...experiment, model: { ...experiment.model, patch_size: 5 } };
    expect(stageFacts(uneven, "finetune", null)).toBeNull();
  });
});

describe("a mask that changes over pretraining", () => {
  const rate = [{ until: 0.5, rate: 0.875 }, { until: 800, rate: 0.5, strategy: "patch" as const }, { rate: 0 }];
  const changing = { ...experiment, mask: { ...experiment.mask, rate } };
  const facts = stageFacts(changing, "pretrain", null)!;

  it("has facts of every piece, and the memory of the one that takes most", () => {
    expect(facts.pieces.map(({ from, until, geometry }) => [from, until, geometry.visibleTokens])).toEqual([
      [0, 500, 8],
      [500, 800, 32],
      [800, 1000, 64],
    ]);
    expect(facts.pieces[2]!.relativeCost).toBe(1);
    expect(facts.memoryBytes).toBe(facts.pieces[2]!.memoryBytes);
    expect(facts.memoryBytes).toBeGreaterThan(facts.pieces[0]!.memoryBytes);
  });

  it("takes micro-batches that fit, piece by piece", () => {
    const gib = (facts.pieces[1]!.memoryBytes + 1) / GIB;
    const tight = stageFacts({ ...changing, engine: { ...changing.engine, memory_gb: gib } }, "pretrain", null)!;
    expect(tight.pieces.map(({ microBatchSize }) => microBatchSize)).toEqual([64, 64, 32]);
    expect(tight.fits).toBe(true);
  });

  it("is null where one piece does not fit the grid", () => {
    const wrong = {
      ...changing,
      mask: { ...changing.mask, rate: [...rate.slice(0, 2), { rate: 0.5, block_size: 3 }] },
    };
    expect(stageFacts(wrong, "pretrain", null)).toBeNull();
  });
});

describe("rateOf", () => {
  const pretrain = stageFacts(experiment, "pretrain", null)!;
  const finetune = stageFacts(experiment, "finetune", null)!;
  const pointOf = (facts: StageFacts, secondsPerStep: number, measuredAt = "2025-01-02"): SpeedPoint =>
    speedPoint(experiment, facts, facts.pieces[0]!, { secondsPerStep, measuredAt });
  const points = [pointOf(finetune, 0.4, "2025-01-01"), pointOf(pretrain, 0.16)];
  const workOf = (point: SpeedPoint): number => stepWork(point) / point.secondsPerStep;

  it("gives back what was measured for the configuration that was measured", () => {
    expect(rateOf(points, points[1]!)).toEqual({
      workPerSecond: workOf(points[1]!),
      basis: "same",
      measuredAt: "2025-01-02",
    });
    // Of more micro-batches each takes as long.
    const more = { ...points[1]!, flopsPerStep: 3 * points[1]!.flopsPerStep };
    expect(rateOf(points, more).basis).toBe("same");
  });

  it("interpolates between points of the network, and takes the nearest one beyond them", () => {
    const between = rateOf(points, { ...points[1]!, visibleTokens: 11 });
    expect(between).toMatchObject({ basis: "scaled", measuredAt: "2025-01-01" });
    const rates = points.map(workOf).sort((a, b) => a - b);
    expect(between.workPerSecond).toBeGreaterThan(rates[0]!);
    expect(between.workPerSecond).toBeLessThan(rates[1]!);
    expect(rateOf(points, { ...points[1]!, visibleTokens: 1 }).workPerSecond).toBeCloseTo(workOf(points[1]!), 3);
    expect(rateOf(points, { ...points[1]!, visibleTokens: 99 }).workPerSecond).toBeCloseTo(workOf(points[0]!), 3);
  });

  it("takes points of the network nearest in size where its own was not measured", () => {
    const large = { ...points[1]!, network: "large", parameters: 1e9, secondsPerStep: 16 };
    const wanted = { ...points[1]!, network: "other", parameters: 9e8 };
    expect(rateOf([...points, large], wanted).workPerSecond).toBeCloseTo(workOf(large), 3);
    expect(rateOf([...points, large], { ...wanted, parameters: 3e6 }).workPerSecond).toBeCloseTo(workOf(points[1]!), 3);
  });

  it("counts the update of the weights, which few tokens do not make shorter", () => {
    const { parameters, flopsPerStep } = points[1]!;
    expect(stepWork({ parameters, flopsPerStep }) - stepWork({ parameters, flopsPerStep: 0 })).toBe(flopsPerStep);
    expect(stepWork({ parameters, flopsPerStep: 0 })).toBeGreaterThan(0);
  });
});

describe("measurements", () => {
  const facts = stageFacts(experiment, "pretrain", null)!;
  const point = (secondsPerStep: number, network = "one"): SpeedPoint => ({
    ...speedPoint(experiment, facts, facts.pieces[0]!, { secondsPerStep, measuredAt: "2025-01-01" }),
    network,
  });
  const of = (backend: string, ...points: SpeedPoint[]): SpeedMeasurement => ({ key: "a", backend, points });

  it("are kept by machine, backend and threads", () => {
    const threads = { ...experiment, engine: { ...experiment.engine, threads: 2 } };
    expect(speedKey("machine", threads)).not.toBe(speedKey("machine", experiment));
    const known = { ...of("native", point(1)), key: speedKey("machine", experiment) };
    expect(measurementFor([known], "machine", experiment)).toBe(known);
    expect(measurementFor([known], "machine", threads)).toBeNull();
    expect(measurementFor([known], "other", experiment)).toBeNull();
    expect(measurementFor([known], "machine", experiment, "native")).toBe(known);
    expect(measurementFor([known], "machine", experiment, "onnx")).toBeNull();
  });

  it("replace those of the same configurations, and keep the others", () => {
    const first = of("native", point(1), point(2, "two"));
    const [joined] = withMeasurement([first], of("native", point(3)));
    expect(joined!.points).toEqual([point(3), point(2, "two")]);
    expect(withMeasurement([first], { ...first, key: "b" })).toHaveLength(2);
    const many = of("native", ...Array.from({ length: 64 }, (_, i) => point(1, String(i))));
    expect(withMeasurement([many], of("native", point(3)))[0]!.points).toHaveLength(64);
  });

  it("forget what another backend has computed", () => {
    expect(withMeasurement([of("onnx", point(2, "two"))], of("native", point(3)))).toEqual([of("native", point(3))]);
  });
});
