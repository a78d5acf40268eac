import { describe, expect, it } from "vitest";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { estimateSpeed, type SpeedMeasurement, speedKey, speedPoint } from "../../../src/core/cost/speed.ts";
import { stageFacts } from "../../../src/core/cost/stageFacts.ts";
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
    expect(pretrain.mask).toMatchObject({ tokens: 64, visibleTokens: 8, effectiveRate: 0.875 });
    expect(pretrain.tokensPerBatch).toBe(512);
    expect(finetune.tokensPerBatch).toBe(1024);
    expect(finetune.relativeCost).toBe(1);
    const flops = (tokens: number) => imageCost(modelShape(experiment), tokens).trainingFlops;
    expect(pretrain.relativeCost).toBeCloseTo(flops(8) / flops(64), 12);
    expect(pretrain.flopsPerStep).toBe(64 * flops(8));
    expect(pretrain.fits).toBe(true);
  });

  it("takes micro-batches that fit, or the one asked for", () => {
    const tight = { ...experiment, engine: { ...experiment.engine, memory_gb: 0.18 } };
    const chosen = stageFacts(tight, "finetune", 8 * GIB)!;
    expect(chosen.microBatchSize).toBeLessThan(16);
    expect(chosen.memoryBytes).toBeLessThanOrEqual(0.18 * GIB);
    const asked = { ...tight, finetune: { ...tight.finetune, micro_batch_size: 16 } };
    expect(stageFacts(asked, "finetune", 8 * GIB)).toMatchObject({ microBatchSize: 16, fits: false });
    expect(stageFacts(experiment, "finetune", null)).toMatchObject({ microBatchSize: 16, fits: null });
  });

  it("is null where the mask does not fit the grid, and then for that stage alone", () => {
    const wrong = { ...experiment, mask: { ...experiment.mask, block_size: 3 } };
    expect(stageFacts(wrong, "pretrain", null)).toBeNull();
    expect(stageFacts(wrong, "finetune", null)).not.toBeNull();
    const uneven = { ...experiment, model: { ...experiment.model, patch_size: 5 } };
    expect(stageFacts(uneven, "finetune", null)).toBeNull();
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
    const { flopsPerStep } = stageFacts(wider, "pretrain", null)!;
    const flops = flopsPerStep / estimateSpeed(measurement, wider, "pretrain", null)!.secondsPerStep;
    const rates = measurement.points.map((point) => point.flopsPerSecond).sort((a, b) => a - b);
    // 2048 tokens a pass: beyond both measured points, so the nearer one counts.
    expect(flops).toBeCloseTo(measurement.points[0]!.flopsPerSecond, 0);
    const between = { ...experiment, pretrain: { ...experiment.pretrain, batch_size: 90 } };
    const shape = stageFacts(between, "pretrain", null)!;
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
