import { describe, expect, it } from "vitest";
import { forecast, forecastRuns, type MachineKnowledge } from "../../../src/core/cost/forecast.ts";
import { forecastText } from "../../../src/core/cost/forecastText.ts";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { RunPace } from "../../../src/core/cost/runPace.ts";
import { type SpeedMeasurement, speedKey, speedPoint } from "../../../src/core/cost/speed.ts";
import { eventsLeft } from "../../../src/core/cost/stageEvents.ts";
import { stageFacts } from "../../../src/core/cost/stageFacts.ts";
import { eventFlops, totalOf } from "../../../src/core/cost/stageTimes.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import type { RunForecast } from "../../../src/core/run/forecasts.ts";
import { experimentOf } from "../designer/support.ts";

const experiment = experimentOf(`
data: { path: images, image_size: 32 }
model: { patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 }
mask: { strategy: block, rate: 0.9, block_size: 2 }
pretrain: { steps: 1050, batch_size: 64, checkpoint_every: 100, sample_every: 500, log_every: 10 }
finetune: { steps: 500, batch_size: 16, checkpoint_every: 500, sample_every: 0 }
sample: { count: 9, steps: 20 }
`);
const changing: Experiment = {
  ...experiment,
  mask: {
    ...experiment.mask,
    rate: [
      { until: 0.5, rate: 0.875 },
      { rate: 0, strategy: "none" },
    ],
  },
};

/** A machine on which every piece's steps of an experiment take given seconds. */
function machineWith(of: Experiment, secondsPerStep: readonly number[]): MachineKnowledge {
  const facts = stageFacts(of, "pretrain", null)!;
  const points = facts.pieces.map((piece, i) =>
    speedPoint(of, facts, piece, { secondsPerStep: secondsPerStep[i]!, measuredAt: `2025-01-0${i + 1}` }),
  );
  const measurement: SpeedMeasurement = { key: speedKey("machine", of), backend: "native", points };
  return { machine: "machine", measurements: [measurement], machineBytes: null };
}
const UNKNOWN: MachineKnowledge = { machine: "machine", measurements: [], machineBytes: null };

describe("a stage that PyTorch trains", () => {
  const machine = { ...machineWith(experiment, [0.1]), machineBytes: 2 ** 20 };
  const auto = { ...machine, autoTakesTorch: true };

  it("has no time, whatever was measured of this program's engine, and does not fit or fail to fit this machine", () => {
    const torch: Experiment = { ...experiment, engine: { ...experiment.engine, backend: "torch" } };
    expect(forecast({ experiment, stage: "pretrain" }, machine)).toMatchObject({ torch: false, fits: false });
    for (const [one, known] of [
      [experiment, auto],
      [torch, machine],
    ] as const) {
      const found = forecast({ experiment: one, stage: "pretrain" }, known)!;
      expect(found).toMatchObject({ torch: true, time: null, fits: null });
      expect(forecastText(found)).toMatch(/time +not known: PyTorch trains.*\n.*\n +memory +about .* of the device/);
    }
  });
});

describe("what a stage does besides its steps", () => {
  it("is counted to the end, the last step's included", () => {
    expect(eventsLeft(experiment, "pretrain", 0)).toMatchObject({ checkpoints: 11, sampleGrids: 3 });
    expect(eventsLeft(experiment, "pretrain", 500)).toMatchObject({ checkpoints: 6, sampleGrids: 2 });
    expect(eventsLeft(experiment, "pretrain", 1049)).toMatchObject({ checkpoints: 1, sampleGrids: 1 });
    expect(eventsLeft(experiment, "pretrain", 1050)).toMatchObject({ checkpoints: 0, sampleGrids: 0 });
    expect(eventsLeft(experiment, "finetune", 0)).toMatchObject({ checkpoints: 1, sampleGrids: 0 });
  });
});

describe("what is measured during training", () => {
  const measuring: Experiment = {
    ...experiment,
    data: { ...experiment.data, holdout: 0.1 },
    pretrain: { ...experiment.pretrain, held_out_every: 500, evaluate_every: 1000, evaluate_samples: 100 },
  };
  const { forwardFlops } = imageCost(modelShape(experiment), 64);
  const plain = forecast({ experiment, stage: "pretrain" }, UNKNOWN)!;

  it("is counted where images are held out, and where it is asked for", () => {
    expect(eventsLeft(experiment, "pretrain", 0)).toMatchObject({ heldOut: 0, evaluations: 0 });
    expect(eventsLeft(measuring, "pretrain", 0)).toMatchObject({ heldOut: 3, evaluations: 2 });
  });

  it("takes passes of whole images, as many as are held out", () => {
    const more = (images?: number): number =>
      forecast({ experiment: measuring, stage: "pretrain", images }, UNKNOWN)!.flops - plain.flops;
    const evaluations = 2 * 100 * 20 * forwardFlops;
    // At most 256 images, four timesteps of each.
    expect(more()).toBeCloseTo(evaluations + 3 * 1024 * forwardFlops, -3);
    expect(more(1e6)).toBe(more());
    expect(more(300)).toBeCloseTo(evaluations + 3 * 4 * 30 * forwardFlops, -3);
  });

  it("counts how often a sampler asks the network", () => {
    const evaluations = (sample: Partial<Experiment["sample"]>): number =>
      eventFlops({ ...measuring, sample: { ...measuring.sample, ...sample } }, "pretrain", null).evaluations;
    expect(evaluations({ steps: 20 })).toBe(100 * 20 * forwardFlops);
    expect(evaluations({ steps: 20, sampler: "heun" })).toBe(100 * 19 * forwardFlops);
    expect(evaluations({ steps: 10_000 })).toBe(100 * 1000 * forwardFlops);
  });

  it("takes time, and the samples of evaluations stay on the disk", () => {
    const { time, disk } = forecast({ experiment: measuring, stage: "pretrain" }, machineWith(measuring, [0.2]))!;
    expect(time!.parts.heldOut).toBeGreaterThan(0);
    expect(time!.parts.evaluations).toBeGreaterThan(time!.parts.heldOut);
    expect(disk.evaluations).toBe(2 * 100 * 32 * 32 * 3);
  });
});

describe("a forecast", () => {
  it("knows all but the time of a machine that was not measured", () => {
    const found = forecast({ experiment: experiment, stage: "pretrain" }, UNKNOWN)!;
    const { forwardFlops } = imageCost(modelShape(experiment), 64);
    const { flopsPerStep } = stageFacts(experiment, "pretrain", null)!.pieces[0]!;
    expect(found).toMatchObject({ stage: "pretrain", steps: 1050, images: 1050 * 64, time: null, fits: null });
    expect(found.flops).toBeCloseTo(1050 * flopsPerStep + 3 * 9 * 20 * forwardFlops, -3);
    expect(found.memoryBytes).toBe(stageFacts(experiment, "pretrain", null)!.memoryBytes);
  });

  it("counts both passes of samples that are guided", () => {
    const classes: Experiment = {
      ...experiment,
      model: { ...experiment.model, num_classes: 3 },
      pretrain: { ...experiment.pretrain, evaluate_every: 1050, evaluate_samples: 100 },
    };
    const guided: Experiment = { ...classes, sample: { ...classes.sample, guidance: 3 } };
    const half: Experiment = { ...guided, sample: { ...guided.sample, guidance_interval: [0, 0.5] } };
    const flopsOf = (of: Experiment): number => forecast({ experiment: of, stage: "pretrain" }, UNKNOWN)!.flops;
    const { forwardFlops } = imageCost(modelShape(classes), 64);
    const images = 3 * 9 + 100;
    expect(flopsOf(guided) - flopsOf(classes)).toBeCloseTo(images * 20 * forwardFlops, -3);
    expect(flopsOf(half) - flopsOf(classes)).toBeCloseTo(images * 10 * forwardFlops, -3);
    const timeOf = (of: Experiment): number =>
      forecast({ experiment: of, stage: "pretrain" }, machineWith(classes, [0.2]))!.time!.parts.sampleGrids;
    expect(timeOf(guided)).toBeCloseTo(2 * timeOf(classes), 9);
  });

  it("takes the time of the very steps that were measured, and adds what is done besides", () => {
    const { time } = forecast({ experiment: experiment, stage: "pretrain" }, machineWith(experiment, [0.2]))!;
    expect(time).toMatchObject({ basis: "same", backend: "native", measuredAt: "2025-01-01" });
    expect(time!.secondsPerStep).toBeCloseTo(0.2, 9);
    expect(time!.parts.steps).toBeCloseTo(210, 6);
    expect(time!.parts.checkpoints).toBeGreaterThan(0);
    expect(time!.parts.sampleGrids).toBeGreaterThan(0);
    expect(time!.totalSeconds).toBeCloseTo(totalOf(time!.parts), 9);
  });

  it("adds up the pieces of a schedule, each with its own time", () => {
    const { time } = forecast({ experiment: changing, stage: "pretrain" }, machineWith(changing, [0.1, 0.7]))!;
    expect(time!.pieces.map(({ secondsPerStep }) => secondsPerStep)).toEqual([
      expect.closeTo(0.1, 9),
      expect.closeTo(0.7, 9),
    ]);
    expect(time!.parts.steps).toBeCloseTo(525 * 0.1 + 525 * 0.7, 6);
    expect(time!.measuredAt).toBe("2025-01-01");
  });

  it("says that it was converted, and that this is less sure", () => {
    const wider = { ...experiment, model: { ...experiment.model, embed_dim: 256 } };
    const known = machineWith(experiment, [0.2]);
    const same = forecast({ experiment: experiment, stage: "pretrain" }, known)!.time!;
    const scaled = forecast({ experiment: wider, stage: "pretrain" }, known)!.time!;
    expect(scaled.basis).toBe("scaled");
    expect(scaled.expectedError).toBeGreaterThan(same.expectedError);
    expect(scaled.secondsPerStep).toBeGreaterThan(same.secondsPerStep);
    const threads = { ...experiment, engine: { ...experiment.engine, threads: 1 } };
    expect(forecast({ experiment: threads, stage: "pretrain" }, known)!.time).toBeNull();
  });

  it("is null where the mask does not fit the grid", () => {
    const wrong = { ...experiment, mask: { ...experiment.mask, block_size: 3 } };
    expect(forecast({ experiment: wrong, stage: "pretrain" }, UNKNOWN)).toBeNull();
    expect(forecast({ experiment: wrong, stage: "finetune" }, UNKNOWN)).not.toBeNull();
  });

  it("counts the checkpoints that are there at once", () => {
    const checkpoints = (keys: Partial<Experiment["pretrain"]>): number => {
      const { parameters } = stageFacts(experiment, "pretrain", null)!;
      const other = { ...experiment, pretrain: { ...experiment.pretrain, ...keys } };
      return forecast({ experiment: other, stage: "pretrain" }, UNKNOWN)!.disk.checkpoints / (16 * parameters);
    };
    expect(checkpoints({ checkpoint_every: 1000 })).toBe(2);
    // 11 are written; of three the oldest goes once the next is there.
    expect(checkpoints({})).toBe(4);
    expect(checkpoints({ keep_checkpoints: 11 })).toBe(11);
    // 200, 400, 600, 800 for good, 900, 1000 and 1050 as the newest.
    expect(checkpoints({ keep_every: 200 })).toBe(8);
    // 300 and 600: 900 is among the newest.
    expect(checkpoints({ keep_every: 150 })).toBe(6);
  });

  it("counts sample grids and lines of metrics", () => {
    const { disk } = forecast({ experiment: experiment, stage: "pretrain" }, UNKNOWN)!;
    expect(disk.sampleGrids).toBe(3 * 9 * 32 * 32 * 3);
    const often = { ...experiment, pretrain: { ...experiment.pretrain, log_every: 1 } };
    const more = forecast({ experiment: often, stage: "pretrain" }, UNKNOWN)!.disk.records - disk.records;
    expect(more / (1050 - 105)).toBeGreaterThan(250);
    expect(disk.total).toBe(disk.checkpoints + disk.sampleGrids + disk.evaluations + disk.records);
  });

  it("is told in words", () => {
    const known = forecastText(
      forecast({ experiment: changing, stage: "pretrain" }, machineWith(changing, [0.1, 0.7]))!,
    );
    expect(known).toMatch(
      /^pretrain: 1050 steps, 67,200 images\n {2}time .*give or take 15 %: from steps of this very/,
    );
    expect(known).toMatch(/mask\.rate\[1\] +steps 525 to 1049, 700 ms each/);
    expect(known).toMatch(/checkpoints +\S+, 11 of /);
    expect(known).toMatch(/sample grids +\S+, 3 of /);
    const unknown = forecastText(forecast({ experiment: experiment, stage: "finetune" }, UNKNOWN)!);
    expect(unknown).toMatch(/time +not known/);
    expect(unknown).not.toMatch(/sample grids/);
  });
});

describe("the forecast of many runs", () => {
  it("adds them up, and tells what could not be timed", () => {
    const known = machineWith(experiment, [0.2]);
    const threads = { ...experiment, engine: { ...experiment.engine, threads: 1 } };
    const wrong = { ...experiment, mask: { ...experiment.mask, block_size: 3 } };
    const runs = [experiment, threads, wrong].map((of) => ({ experiment: of, stage: "pretrain" as const }));
    const finetune = { experiment, stage: "finetune" as const };
    const one = forecast({ experiment: experiment, stage: "pretrain" }, known)!;
    const two = forecast({ experiment: experiment, stage: "finetune" }, known)!;
    expect(forecastRuns([...runs, finetune], known)).toEqual({
      seconds: expect.closeTo(one.time!.totalSeconds + two.time!.totalSeconds, 6),
      untimed: 1,
      unfit: 1,
      flops: expect.closeTo(2 * one.flops + two.flops, -3),
      memoryBytes: Math.max(one.memoryBytes, two.memoryBytes),
      diskBytes: 2 * one.disk.total + two.disk.total,
    });
    expect(forecastRuns(runs, UNKNOWN).seconds).toBeNull();
    expect(forecastRuns([], known)).toMatchObject({ seconds: null, untimed: 0, unfit: 0, memoryBytes: 0 });
  });
});

describe("the pace of a run", () => {
  const facts = stageFacts(changing, "pretrain", null)!;
  const measured = machineWith(changing, [0.1, 0.7]).measurements[0]!;
  const NOTHING = { machineBytes: null, images: 100 };
  const bare: Experiment = { ...changing, pretrain: { ...changing.pretrain, sample_every: 0 } };
  const [first, second] = facts.pieces.map(({ flopsPerStep }) => flopsPerStep) as [number, number];

  it("takes the steps of another mask as longer by their work, where nothing else is known", () => {
    const pace = new RunPace(bare, "pretrain", { ...NOTHING, measurement: null });
    pace.eventTook("checkpoints", 0);
    expect(pace.secondsLeft(1050, 0.1)).toBe(0);
    expect(pace.secondsLeft(1000, 0.1)).toBeCloseTo(5, 9);
    const whole = pace.secondsLeft(500, 0.1);
    expect(whole).toBeGreaterThan(2.5 + 525 * 0.1);
    expect(whole).toBeLessThan(2.5 + 525 * 0.1 * (second / first));
  });

  it("takes them as longer as they were measured to be", () => {
    const pace = new RunPace(bare, "pretrain", { ...NOTHING, measurement: measured });
    pace.eventTook("checkpoints", 0);
    expect(pace.secondsLeft(500, 0.2)).toBeCloseTo(25 * 0.2 + 525 * 1.4, 6);
  });

  it("adds what is done besides steps, as long as it took the times before", () => {
    const pace = new RunPace(changing, "pretrain", { ...NOTHING, measurement: measured });
    const expected = pace.secondsLeft(500, 0.1);
    expect(expected).toBeGreaterThan(25 * 0.1 + 525 * 0.7);
    for (const seconds of [3, 5]) pace.eventTook("checkpoints", seconds);
    pace.eventTook("sampleGrids", 10);
    // Six checkpoints and two grids are still to come.
    expect(pace.secondsLeft(500, 0.1)).toBeCloseTo(25 * 0.1 + 525 * 0.7 + 6 * 4 + 2 * 10, 6);
  });

  it("makes one forecast before the first step, and one after fifty, from those that were no longer warming up", () => {
    const pace = new RunPace(bare, "pretrain", { ...NOTHING, measurement: measured });
    pace.eventTook("checkpoints", 0);
    let made: RunForecast[] = pace.forecasts([], 0, 0);
    expect(made).toEqual([{ seconds: expect.closeTo(420, 6), madeAtStep: 0, basis: "same", expectedError: 0.15 }]);
    for (let step = 1; step <= 60; step++) {
      pace.stepTook(step <= 10 ? 9 : 0.2);
      made = pace.forecasts(made, step, 100 + step);
    }
    expect(made).toHaveLength(2);
    expect(made[1]).toEqual({
      seconds: expect.closeTo(150 + (525 - 50) * 0.2 + 525 * 1.4, 6),
      madeAtStep: 50,
      basis: "own",
      expectedError: 0.1,
    });
  });

  it("makes none before the first step on a machine that was not measured, and none again in a later session", () => {
    const pace = new RunPace(bare, "pretrain", { ...NOTHING, measurement: null });
    expect(pace.forecasts([], 0, 0)).toEqual([]);
    const kept: RunForecast[] = [{ seconds: 1, madeAtStep: 50, basis: "own", expectedError: 0.1 }];
    for (let i = 0; i < 50; i++) pace.stepTook(1);
    expect(pace.forecasts(kept, 350, 0)).toEqual(kept);
    expect(pace.forecasts([], 350, 7)).toMatchObject([{ madeAtStep: 350, basis: "own" }]);
  });
});
