import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cellState, type RunFacts, type StudyFacts } from "../../../src/core/study/cellState.ts";
import { studyChanges } from "../../../src/core/study/changes.ts";
import { diskNeeded } from "../../../src/core/study/diskNeeded.ts";
import { halve } from "../../../src/core/study/halving.ts";
import { nextJobs, type Room } from "../../../src/core/study/next.ts";
import { planStudy, type StudyPlan } from "../../../src/core/study/plan.ts";
import { cellCounts, countsText, isOver, studyFailures, trainingName } from "../../../src/core/study/progress.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import type { StudyRecord } from "../../../src/core/study/record.ts";
import { rungSteps, settledAlike, stepsWithin } from "../../../src/core/study/steps.ts";

const BASE = `data: {path: images, image_size: 32, holdout: 0.1}
model: {patch_size: 4, embed_dim: 64, depth: 3, num_heads: 2}
pretrain: {steps: 100, batch_size: 8}
finetune: {steps: 60, batch_size: 4}
`;
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const HELD = "metric: held_out_loss\n";

function plan(text: string, base = BASE): StudyPlan {
  const { study, diagnostics } = readStudy(`base: faces.maskdm.yaml\n${text}`);
  expect(diagnostics).toEqual([]);
  return planStudy(study!, { baseText: base, baseName: "faces", digest });
}

/** What is on disk of a study. */
class Disk {
  readonly runs = new Map<string, RunFacts>();
  record: StudyRecord = {
    ...{ formatVersion: 1, name: "a", studyFile: "", studyText: "", baseFile: "", baseText: "" },
    ...{ startedAt: "2026-01-31T00:00:00.000Z", settled: {}, rungs: {}, givenUp: {}, failed: {}, evaluating: null },
    ...{ asked: "run", message: null },
  };

  constructor(readonly plan: StudyPlan) {}

  set(id: string, state: RunFacts["state"], step = 0, loss: number | null = null): void {
    const heldOut = loss === null ? null : { step, loss, error: null };
    this.runs.set(id, { state, step, totalSteps: 100, seconds: 1, reason: null, evaluations: [], heldOut });
  }

  get facts(): StudyFacts {
    return { run: (id) => this.runs.get(id), record: this.record, atWork: true };
  }

  jobs(limit = 1, room: Partial<Room> = {}): string[] {
    return nextJobs(this.plan, this.facts, { limit, atWork: 0, held: new Set(), ...room }).map((job) => {
      if (job.kind === "unmeasured") return job.kind;
      const until = "until" in job && job.until !== null ? ` to ${job.until}` : "";
      return `${job.kind} ${[...this.plan.runs.keys()].indexOf(job.run.id)}${until}`;
    });
  }

  kinds(): string[] {
    return this.plan.cells.map((cell) => cellState(cell, this.plan, this.facts).kind);
  }
}

const ids = ({ runs }: StudyPlan): string[] => [...runs.keys()];

describe("what a study does next", () => {
  it("gives each configuration its first seed before the second, as many at once as there is room for", () => {
    const disk = new Disk(plan(`axes: {pretrain.lr: [1e-4, 2e-4]}\nstages: [pretrain]\nseeds: 2\n${HELD}`));
    const [a, , c] = ids(disk.plan);
    disk.set(a!, "running", 1);
    // Runs 0 and 1 are the seeds of the first configuration.
    expect(disk.jobs(1)).toEqual([]);
    expect(disk.jobs(3)).toEqual(["start 2", "start 1"]);
    disk.set(a!, "finished", 100, 1);
    disk.set(c!, "interrupted", 40);
    expect(disk.jobs(1)).toEqual(["resume 2"]);
    expect(disk.jobs(1, { held: new Set([c!]) })).toEqual(["start 1"]);
  });

  it("begins trainings for other machines without room on this one", () => {
    const elsewhere = `${BASE}engine: {backend: torch}\ncompute: {target: ray}\n`;
    const disk = new Disk(plan(`axes: {pretrain.lr: [1e-4, 2e-4]}\nstages: [pretrain]\nseeds: 2\n${HELD}`, elsewhere));
    disk.set(ids(disk.plan)[0]!, "running", 1);
    expect(disk.jobs(1)).toEqual(["start 2", "start 1", "start 3"]);
    const axes = "axes: {compute.target: [local, ray], pretrain.lr: [1e-4, 2e-4]}";
    const mixed = new Disk(plan(`${axes}\nstages: [pretrain]\nseeds: 1\n${HELD}`, elsewhere));
    expect(ids(mixed.plan), "where it is computed is no other training").toHaveLength(2);
  });

  it("lets one training at a time decode images that none has opened yet", () => {
    const disk = new Disk(plan(`axes: {pretrain.lr: [1e-4, 2e-4]}\nstages: [pretrain]\nseeds: 1\n${HELD}`));
    expect(disk.jobs(2)).toEqual(["start 0"]);
    disk.set(ids(disk.plan)[0]!, "starting");
    expect(disk.jobs(2)).toEqual([]);
    disk.set(ids(disk.plan)[0]!, "running");
    expect(disk.jobs(2)).toEqual(["start 1"]);
  });

  it("begins a child when its parent is finished, and none of a parent that failed", () => {
    const disk = new Disk(plan(`axes: {finetune.lr: [1e-4, 2e-4]}\nseeds: 1\n${HELD}`));
    const [parent] = ids(disk.plan);
    expect(disk.jobs(4)).toEqual(["start 0"]);
    disk.set(parent!, "finished", 100);
    expect(disk.jobs(4)).toEqual(["start 1", "start 2"]);
    disk.set(parent!, "diverged", 50);
    expect(disk.jobs(4)).toEqual([]);
    expect(disk.kinds()).toEqual(["failed", "failed"]);
    expect(studyFailures(disk.plan, disk.facts)).toHaveLength(1);
    expect(isOver(cellCounts(disk.plan, disk.facts))).toBe(true);
    expect(countsText(cellCounts(disk.plan, disk.facts))).toBe("0 of 2 cells are done, 2 failed");
  });

  it("calls a training by its cell, and says how many cells share it", () => {
    const shared = plan(`axes: {finetune.lr: [1e-4, 2e-4]}\nseeds: 1\n${HELD}`);
    expect(ids(shared).map((id) => trainingName(id, shared))).toEqual([
      "pretrain · lr 1e-4, seed 0 and 1 more cell",
      "finetune · lr 1e-4, seed 0",
      "finetune · lr 2e-4, seed 0",
    ]);
    expect(trainingName("another", shared)).toBe("another");
  });

  it("evaluates one at a time, and not beside trainings that the limit leaves no room for", () => {
    const disk = new Disk(plan("axes: {pretrain.lr: [1e-4, 2e-4]}\nstages: [pretrain]\nseeds: 1\n"));
    for (const id of ids(disk.plan)) disk.set(id, "finished", 100);
    expect(disk.jobs(3)).toEqual(["evaluate 0"]);
    expect(disk.jobs(1, { atWork: 1 })).toEqual([]);
    const process = { host: "", pid: 1, processStart: "" };
    disk.record = { ...disk.record, evaluating: { cell: disk.plan.cells[0]!.key, run: "", done: 0, process } };
    expect(disk.jobs(3)).toEqual([]);
    expect(disk.kinds()).toEqual(["evaluating", "waiting"]);
  });

  it("says so where a training that is over has not measured the metric", () => {
    const disk = new Disk(plan(`stages: [pretrain]\nseeds: 1\n${HELD}`));
    disk.set(ids(disk.plan)[0]!, "finished", 100);
    expect(disk.jobs()).toEqual(["unmeasured"]);
  });

  it("times steps while nothing else is at work, and once for all seeds", () => {
    const disk = new Disk(plan(`stages: [pretrain]\nseeds: 2\nbudget: {seconds: 60}\n${HELD}`));
    const [first, second] = [...disk.plan.runs.values()];
    expect(disk.jobs(3)).toEqual(["time 0"]);
    disk.record = { ...disk.record, settled: { [first!.id]: { steps: 7, secondsPerStep: 8 } } };
    expect(disk.jobs(1)).toEqual(["start 0"]);
    disk.set(first!.id, "running", 1);
    expect(disk.jobs(3)).toEqual([]);
    expect(settledAlike(second!, disk.plan, disk.record)).toEqual({ steps: 7, secondsPerStep: 8 });
  });
});

describe("successive halving", () => {
  const halved = (seeds = 1) =>
    new Disk(
      plan(
        `axes: {pretrain.lr: [1e-4, 2e-4, 3e-4, 4e-4]}\nstages: [pretrain]\nseeds: ${seeds}\nhalving: {rungs: [0.25, 0.5]}\n${HELD}`,
      ),
    );
  const settle = (disk: Disk): void => {
    const change = halve(disk.plan, disk.facts);
    if (change !== null) disk.record = { ...disk.record, ...change };
  };

  it("waits until all have reached the rung, and gives up those that are behind; the others go on to the next", () => {
    const disk = halved();
    expect(disk.jobs(1)).toEqual(["start 0 to 25"]);
    ids(disk.plan).forEach((id, i) => {
      settle(disk);
      expect(Object.keys(disk.record.givenUp)).toEqual([]);
      disk.set(id, "stopped", 25, [4, 1, 3, 2][i]!);
    });
    settle(disk);
    expect(disk.kinds()).toEqual(["given up", "paused", "given up", "paused"]);
    expect(disk.jobs(4)).toEqual(["resume 1 to 50", "resume 3 to 50"]);
    expect(halve(disk.plan, disk.facts)).toBeNull();
    disk.set(ids(disk.plan)[1]!, "stopped", 50, 1);
    disk.set(ids(disk.plan)[3]!, "stopped", 50, 0.5);
    settle(disk);
    expect(disk.kinds()).toEqual(["given up", "given up", "given up", "paused"]);
    expect(Object.values(disk.record.givenUp).sort()).toEqual([0.25, 0.25, 0.5]);
    expect(disk.jobs(4)).toEqual(["resume 3"]);
  });

  it("compares means over seeds, without what failed", () => {
    const disk = halved(2);
    const losses = [1, 1, 2, 9, 3, 4, 0, 9];
    for (const [i, id] of ids(disk.plan).entries()) disk.set(id, "stopped", 25, losses[i]!);
    disk.set(ids(disk.plan)[3]!, "failed", 5);
    settle(disk);
    expect(disk.kinds()).toEqual(["paused", "paused", "paused", "failed", ...Array(4).fill("given up")]);
  });

  it("has no rung at the last step, nor two at one", () => {
    const study = readStudy("base: a.yaml\nhalving: {rungs: [0.01, 0.02, 0.5, 0.99]}").study!;
    expect(rungSteps({ study }, 10)).toEqual([1, 5]);
  });
});

describe("a study that was started before", () => {
  it("is told apart by axis, by seeds, and as a whole", () => {
    const before = plan("axes: {pretrain.lr: [1e-4, 2e-4]}\nseeds: [1, 2]");
    expect(studyChanges(before, before)).toEqual({ lines: [], isOther: false });
    const extended = plan("axes: {pretrain.lr: [1e-4, 3e-4]}\nseeds: [1, 2, 3]");
    expect(studyChanges(before, extended)).toEqual({
      lines: [
        "pretrain.lr: new 3e-4.",
        "pretrain.lr: no longer 2e-4.",
        "seeds: new 3.",
        "4 cells are new, 2 cells are no longer part of the study, 2 cells are the same.",
      ],
      isOther: false,
    });
    const other = plan("axes: {pretrain.lr: [1e-4, 2e-4]}\nseeds: [1, 2]", BASE.replace("depth: 3", "depth: 5"));
    expect(studyChanges(before, other)).toMatchObject({ isOther: true });
    expect(studyChanges(before, other).lines[0]).toMatch(/^The experiment, the budget, or how is evaluated/);
  });
});

it("needs room on the disk for two checkpoints", () => {
  const [small] = plan("stages: [pretrain]\nseeds: 1").runs.values();
  const [large] = plan("axes: {model.embed_dim: [512]}\nstages: [pretrain]\nseeds: 1").runs.values();
  // Three blocks of 12·D² weights, at 32 bytes each.
  expect(diskNeeded(large!) - diskNeeded(small!)).toBeGreaterThan(32 * 36 * (512 ** 2 - 2 * 64 ** 2));
});

it("finds the most steps that take no longer than some seconds", () => {
  expect(stepsWithin(10, (steps) => steps * 0.3)).toBe(33);
  expect(stepsWithin(1, (steps) => steps * 5)).toBe(1);
  expect(stepsWithin(10, (steps) => Math.min(steps, 4) * 2 + Math.max(0, steps - 4) * 0.5)).toBe(8);
});
