import { describe, expect, it } from "vitest";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { estimateSpeed, type SpeedMeasurement, speedKey, speedPoint } from "../../../src/core/cost/speed.ts";
import { stageFacts, stepsLeft } from "../../../src/core/cost/stageFacts.ts";
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

  it("counts what is left in steps like those at work", () => {
    const [first, second, third] = facts.pieces.map(({ flopsPerStep }) => flopsPerStep) as [number, number, number];
    expect(stepsLeft(facts, 900)).toBeCloseTo(100, 9);
    expect(stepsLeft(facts, 700)).toBeCloseTo(100 + (200 * third) / second, 9);
    expect(stepsLeft(facts, 500)).toBeCloseTo((300 * second + 200 * third) / first, 9);
    expect(stepsLeft(facts, 1000)).toBe(0);
    expect(stepsLeft(stageFacts(experiment, "pretrain", null)!, 123)).toBe(877);
  });

  it("takes the time of all its pieces", () => {
    const flat = { key: "", measuredAt: "", backend: "onnx", points: [{ tokensPerPass: 1, flopsPerSecond: 1e9 }] };
    const estimate = estimateSpeed(flat, changing, "pretrain", null)!;
    const flops = facts.pieces.reduce((sum, piece) => sum + (piece.until - piece.from) * piece.flopsPerStep, 0);
    expect(estimate.totalSeconds).toBeCloseTo(flops / 1e9, 9);
    expect(estimate.secondsPerStep).toBeCloseTo(estimate.totalSeconds / 1000, 12);
    expect(estimate.pieces[2]!.imagesPerSecond).toBeLessThan(estimate.pieces[0]!.imagesPerSecond);
  });

  it("is null where one piece does not fit the grid", () => {
    const wrong = {
      ...changing,
      mask: { ...changing.mask, rate: [...rate.slice(0, 2), { rate: 0.5, block_size: 3 }] },
    };
    expect(stageFacts(wrong, "pretrain", null)).toBeNull();
  });
});

describe("estimateSpeed", () => {
  const measured = { imagesPerSecond: 400, visibleTokens: 8, microBatchSize: 64 };
  const measurement: SpeedMeasurement = {
    key: speedKey("machine", experiment),
    measuredAt: "2025-01-01T00:00:00.000Z",
    backend: "onnx",
    points: [
      speedPoint(experiment, { imagesPerSecond: 40, visibleTokens: 64, microBatchSize: 16 }),
      speedPoint(experiment, measured),
    ],
  };

  it("gives back what was measured for the configuration that was measured", () => {
    const estimate = estimateSpeed(measurement, experiment, "pretrain", null)!;
    expect(estimate.imagesPerSecond).toBeCloseTo(400, 6);
    expect(estimate.secondsPerStep).toBeCloseTo(64 / 400, 9);
    expect(estimate.totalSeconds).toBeCloseTo(160, 6);
    expect(estimateSpeed(measurement, experiment, "finetune", null)!.imagesPerSecond).toBeCloseTo(40, 6);
  });

  it("converts by operations, and stays between the measured speeds", () => {
    const wider = { ...experiment, mask: { ...experiment.mask, rate: 0.5 } };
    const { flopsPerStep } = stageFacts(wider, "pretrain", null)!.pieces[0]!;
    const flops = flopsPerStep / estimateSpeed(measurement, wider, "pretrain", null)!.secondsPerStep;
    const rates = measurement.points.map((point) => point.flopsPerSecond).sort((a, b) => a - b);
    // 2048 tokens a pass: beyond both measured points, so the nearer one counts.
    expect(flops).toBeCloseTo(measurement.points[0]!.flopsPerSecond, 0);
    const between = { ...experiment, pretrain: { ...experiment.pretrain, batch_size: 90 } };
    const shape = stageFacts(between, "pretrain", null)!.pieces[0]!;
    const inner = shape.flopsPerStep / estimateSpeed(measurement, between, "pretrain", null)!.secondsPerStep;
    expect(inner).toBeGreaterThan(rates[0]!);
    expect(inner).toBeLessThan(rates[1]!);
  });

  it("is kept by machine, backend and threads", () => {
    const threads = { ...experiment, engine: { ...experiment.engine, threads: 2 } };
    expect(speedKey("machine", threads)).not.toBe(speedKey("machine", experiment));
    expect(speedKey("other", experiment)).not.toBe(speedKey("machine", experiment));
  });

  it("is null where the mask does not fit", () => {
    const wrong = { ...experiment, mask: { ...experiment.mask, block_size: 3 } };
    expect(estimateSpeed(measurement, wrong, "pretrain", null)).toBeNull();
  });
});
