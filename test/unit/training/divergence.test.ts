/** Runs that go wrong: losses that explode, weights that are no numbers, files that are damaged. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { readSafetensors, writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import {
  differences,
  learning,
  newestCheckpoint,
  QUICK,
  recordOf,
  statusOf,
  tinyExperiment,
  until,
  Workshop,
  writeImages,
} from "./support.ts";

const shop = new Workshop();

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  shop.experiment("tiny", tinyExperiment({ pretrain: QUICK, finetune: QUICK }));
  await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "base");
});

const weightsOf = (runDir: string): string => join(newestCheckpoint(runDir).dir, "model.safetensors");

/** The weights of the run "base" with some values replaced. */
function spoiltWeights(name: string, spoil: (data: Float32Array, tensor: string) => void): string {
  const { tensors } = readSafetensors(weightsOf(shop.run("base")));
  for (const tensor of tensors.values()) spoil(tensor.data, tensor.name);
  const file = shop.path(`${name}.safetensors`);
  writeSafetensors(file, [...tensors.values()], {});
  return file;
}

describe("a run whose loss explodes", () => {
  it("ends as diverged, its last good checkpoint kept, and can be resumed with a remedy", async () => {
    const id = "exploding";
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", id);
    const good = newestCheckpoint(shop.run(id));
    // Checkpoints would be due at every 5th step: those of a lost network must not push out the good one.
    const absurd = ["pretrain.lr=1", "pretrain.checkpoint_every=5", "pretrain.keep_checkpoints=1"];
    const { exitCode, err } = await shop.maskdm(
      ...["resume", id, "--steps", "400", ...absurd.flatMap((set) => ["--set", set])],
    );
    expect(exitCode, err).toBe(1);
    expect(err).toContain(`The loss diverged; see runs/${id}/log.txt`);
    expect(err).not.toMatch(/\n {4}at /);
    const status = statusOf(shop.run(id));
    expect(status.state).toBe("diverged");
    expect(status.step).toBeLessThan(100);
    expect(status.message).toMatch(
      /^in most of the 20 steps up to \d+ the loss was above 3 times that of .*; the checkpoint of step 30 is kept; a lower lr, .*clip_grad: 1/,
    );
    expect(readFileSync(join(shop.run(id), "log.txt"), "utf8")).toContain(status.message!);
    expect(recordOf(shop.run(id)).sessions.map(({ endState }) => endState)).toEqual(["finished", "diverged"]);
    const kept = newestCheckpoint(shop.run(id));
    expect(kept.state.step).toBe(30);
    expect(kept.files).toEqual(good.files);
    for (const { data } of readSafetensors(weightsOf(shop.run(id))).tensors.values()) {
      expect(data.every(Number.isFinite)).toBe(true);
    }

    await shop.succeed("resume", id, "--steps", "40", "--set", "pretrain.lr=0.001");
    expect(statusOf(shop.run(id))).toMatchObject({ state: "finished", step: 40 });
    expect(learning(shop.run(id)).at(-1)!.loss).toBeLessThan(2);
    // The steps that went astray are no part of the curve any more.
    expect(Math.max(...learning(shop.run(id)).map(({ loss }) => loss!))).toBeLessThan(2);
  });

  it("ends as diverged at the first step that is no number, without a checkpoint of its own", async () => {
    const file = spoiltWeights("huge", (data, name) => {
      if (name === "encoder_to_output.weight") data.fill(3e38);
    });
    const { exitCode, err } = await shop.maskdm("finetune", "tiny.maskdm.yaml", "--from", file, "--run", "huge");
    expect(exitCode, err).toBe(1);
    expect(statusOf(shop.run("huge"))).toMatchObject({ state: "diverged", step: 0, loss: null });
    expect(statusOf(shop.run("huge")).message).toMatch(
      /^at step 1 the loss is no longer a number; there is no checkpoint before it; a lower lr/,
    );
    expect(listCheckpoints(shop.run("huge")).whole).toEqual([]);
  });
});

describe("weights that cannot be used", () => {
  const whole = () => readFileSync(weightsOf(shop.run("base")));
  const files: Record<string, () => string> = {
    "values that are not numbers": () =>
      spoiltWeights("nan", (data, name) => {
        if (name === "encoder.mid_block.norm1.weight") data[3] = Number.NaN;
      }),
    "a file that was cut short": () => write("short", whole().subarray(0, 5000)),
    "a file of other bytes": () => write("noise", Buffer.alloc(4096, 0xff)),
    "an empty file": () => write("empty", Buffer.alloc(0)),
    "the optimiser's state": () => join(newestCheckpoint(shop.run("base")).dir, "optimizer.safetensors"),
  };
  function write(name: string, bytes: Uint8Array): string {
    const file = shop.path(`${name}.safetensors`);
    writeFileSync(file, bytes);
    return file;
  }

  it.each(Object.keys(files))("%s: refused by name, and no run is left behind", async (what) => {
    const file = files[what]!();
    const id = what.replace(/\W/g, "-");
    const { exitCode, out, err } = await shop.maskdm("finetune", "tiny.maskdm.yaml", "--from", file, "--run", id);
    expect({ exitCode, out }, err).toEqual({ exitCode: 2, out: "" });
    expect(err).toMatch(new RegExp(`^error: .*${file}`, "m"));
    expect(err).not.toMatch(/\n {4}at |unexpected/);
    expect(existsSync(shop.run(id))).toBe(false);
  });

  it("names the tensors whose values are not numbers", async () => {
    const file = spoiltWeights("nan-everywhere", (data) => {
      data[0] = Number.POSITIVE_INFINITY;
    });
    const { err } = await shop.maskdm("finetune", "tiny.maskdm.yaml", "--from", file);
    expect(err).toMatch(/not finite numbers, in encoder\.patch_embed\.proj\.weight, .* and \d+ more tensors/);
  });
});

describe("a parent that is gone", () => {
  it("is missed by the resume of a finetune killed before its first checkpoint, which says what file it needs", async () => {
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "parent");
    const file = weightsOf(shop.run("parent"));
    const set = ["finetune.steps=1000000", "finetune.checkpoint_every=1000000"].flatMap((value) => ["--set", value]);
    const run = shop.start(["finetune", "tiny.maskdm.yaml", "--from", "parent", "--run", "orphan", ...set]);
    await until("a few steps", () => readRunMetrics(shop.run("orphan")).length > 2);
    run.child.kill("SIGKILL");
    await run.ended;
    renameSync(shop.run("parent"), shop.path("runs", "renamed"));
    const { exitCode, err } = await shop.maskdm("resume", "orphan", "--steps", "10");
    expect(exitCode, err).toBe(2);
    expect(err).toMatch(new RegExp(`^error: .*${file}`, "m"));
    expect(err).not.toMatch(/\n {4}at |unexpected/);
    expect(summarizeRun(shop.run("orphan")).state).toBe("interrupted");
    expect(readFileSync(join(shop.run("orphan"), "log.txt"), "utf8")).toMatch(
      new RegExp(`a resume did not begin: .*${file}`),
    );

    renameSync(shop.path("runs", "renamed"), shop.run("parent"));
    await shop.succeed("resume", "orphan", "--steps", "10");
    expect(statusOf(shop.run("orphan"))).toMatchObject({ state: "finished", step: 10 });
  });
});

describe("a damaged checkpoint", () => {
  it("is passed over by a resume, which still ends in the same bytes", async () => {
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "whole", "--steps", "40");
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "damaged");
    const { dir } = newestCheckpoint(shop.run("damaged"));
    const file = join(dir, "optimizer.safetensors");
    const bytes = readFileSync(file);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(file, bytes);
    const { err } = await shop.succeed("resume", "damaged", "--steps", "40");
    expect(err).toMatch(
      /step-00000030 is damaged \(optimizer.safetensors has another checksum.*step 20 is taken instead/,
    );
    expect(differences(shop.run("damaged"), shop.run("whole"))).toEqual([]);
    expect(learning(shop.run("damaged"))).toEqual(learning(shop.run("whole")));
  });
});
