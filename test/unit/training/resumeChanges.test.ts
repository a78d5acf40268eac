/** What a resume may change, what it tells, and what it refuses; the record tells which steps were trained with what. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readExperimentText } from "../../../src/node/run/runFiles.ts";
import { learning, QUICK, recordOf, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const COSINE = { ...QUICK, steps: 20, lr_schedule: "cosine", warmup_steps: 2, log_every: 1 } as const;

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 12, size: 8 });
  shop.experiment("falling rate", tinyExperiment({ pretrain: COSINE }));
});

const log = (id: string): string => readFileSync(join(shop.run(id), "log.txt"), "utf8");

describe("a finished run whose learning rate has fallen", () => {
  it("is not trained for longer with a rate that jumps, unless that is said", async () => {
    await shop.succeed("pretrain", "falling rate.maskdm.yaml", "--run", "fallen");
    const refused = await shop.maskdm("resume", "fallen", "--steps", "40");
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toMatch(/^runs\/fallen\/experiment\.maskdm\.yaml:\d+:\d+: error MDM805 The learning rate/m);
    expect(refused.err).toContain("maskdm pretrain 'falling rate.maskdm.yaml' --steps 40");
    expect(statusOf(shop.run("fallen"))).toMatchObject({ state: "finished", totalSteps: 20 });

    const { err } = await shop.succeed("resume", "fallen", "--steps", "40", "--stretch-lr");
    expect(err).toContain("from step 20 on pretrain.steps is 40 (20 before)");
    expect(err).toContain("the learning rate goes from 1.5e-5 to 0.0011 at step 20");
    expect(log("fallen")).toContain("the learning rate goes from");
    const fewer = await shop.maskdm("resume", "fallen", "--steps", "30", "--stretch-lr");
    // Nothing is told of a way on that is not taken.
    expect(fewer.err).toContain("has 40 steps already, more than the 30 asked for");
    expect(fewer.err).not.toContain("from step 40 on");
    const { sessions } = recordOf(shop.run("fallen"));
    expect(sessions[1]).toMatchObject({
      fromStep: 20,
      changes: [{ key: "pretrain.steps", from: "20", to: "40" }],
    });
  });

  it("goes on at the steady rate that the message proposes", async () => {
    await shop.succeed("pretrain", "falling rate.maskdm.yaml", "--run", "steady");
    const steady = ["--set", "pretrain.lr_schedule=constant", "--set", "pretrain.lr=2e-4"];
    const { err } = await shop.succeed("resume", "steady", "--steps", "24", ...steady);
    expect(err).toContain("from step 20 on pretrain.lr is 2e-4 (0.002 before)");
    expect(learning(shop.run("steady")).slice(20)).toMatchObject([1, 2, 3, 4].map(() => ({ lr: 2e-4 })));
    expect(recordOf(shop.run("steady")).sessions[1]!.changes).toHaveLength(3);
    // What was changed once is the run's own from then on, and no edit of the file.
    const again = await shop.succeed("resume", "steady");
    expect(again.err).not.toContain("differs from");
  });
});

it("what the weights were trained for is refused, by resume and by sample, and the run is left as it was", async () => {
  await shop.succeed("pretrain", "falling rate.maskdm.yaml", "--run", "kept");
  const before = ["run.json", "status.json", "metrics.jsonl", "experiment.maskdm.yaml"].map((name) =>
    readFileSync(join(shop.run("kept"), name)),
  );
  const wrong = ["prediction=x0", "schedule=linear", "timesteps=50", "process=flow"].map((set) => `diffusion.${set}`);
  for (const set of [...wrong, "model.num_heads=4", "model.norm=rms", "model.output_conv=residual"]) {
    const [resumed, drawn] = await Promise.all([
      shop.maskdm("resume", "kept", "--steps", "30", "--stretch-lr", "--set", set),
      shop.maskdm("sample", "kept", "--set", set),
    ]);
    expect([resumed.exitCode, drawn.exitCode]).toEqual([2, 2]);
    expect(resumed.err).toContain(`error MDM804 ${set.split("=")[0]} cannot become`);
    expect(drawn.err).toMatch(/^error: --set \S+: .* was trained with .*\. Leave it out\.$/m);
  }
  const after = ["run.json", "status.json", "metrics.jsonl", "experiment.maskdm.yaml"].map((name) =>
    readFileSync(join(shop.run("kept"), name)),
  );
  expect(after).toEqual(before);
});

describe("an experiment file that was edited after its run had begun", () => {
  it("is not used, which is said by keys, with the way to each", async () => {
    const file = shop.experiment("edited", tinyExperiment({ pretrain: QUICK, finetune: QUICK }));
    await shop.succeed("pretrain", file, "--run", "edited", "--steps", "10", "--set", "mask.rate=0.25");
    const untouched = await shop.succeed("resume", "edited", "--steps", "11");
    expect(untouched.err).not.toContain("differs");
    shop.experiment(
      "edited",
      tinyExperiment({
        pretrain: { ...QUICK, lr: 5e-4 },
        finetune: { ...QUICK, lr: 1e-6 },
        model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 4 },
      }),
    );
    const { err } = await shop.succeed("resume", "edited", "--steps", "12");
    const notes = [
      "edited.maskdm.yaml differs from the run's own copy of it, which is used:",
      "  model.num_heads is 2 in the run, 4 in the file; that needs a run of its own: maskdm pretrain edited.maskdm.yaml",
      "  pretrain.lr is 0.002 in the run, 5e-4 in the file; take it over with --set pretrain.lr=5e-4",
    ];
    expect(err).toContain(notes.join("\n"));
    for (const note of notes) expect(log("edited")).toContain(note);
    // Not the mask rate, which the command line had set, nor the other stage.
    expect(err).not.toMatch(/mask\.rate is|finetune\./);
    const taken = await shop.succeed("resume", "edited", "--steps", "13", "--set", "pretrain.lr=5e-4");
    expect(taken.err).not.toContain("pretrain.lr is 0.002 in the run");
    expect(taken.err).toContain("from step 12 on pretrain.lr is 5e-4 (0.002 before)");
    expect(learning(shop.run("edited")).at(-1)).toMatchObject({ step: 13, lr: 5e-4 });
  });

  it("is said to have errors, or passed over where it is gone", async () => {
    const file = shop.experiment("lost", tinyExperiment({ pretrain: QUICK }));
    await shop.succeed("pretrain", file, "--run", "lost", "--steps", "10");
    writeFileSync(shop.path(file), "data: [\n");
    const { err } = await shop.succeed("resume", "lost", "--steps", "11");
    expect(err).toContain("lost.maskdm.yaml has errors now and was not looked at");
    rmSync(shop.path(file));
    const gone = await shop.succeed("resume", "lost", "--steps", "12");
    // No command is proposed with a file that is not there: the run's own copy does as well.
    expect(gone.err).toContain("Next: maskdm finetune runs/lost/experiment.maskdm.yaml --from runs/lost\n");
    await shop.succeed("finetune", "runs/lost/experiment.maskdm.yaml", "--from", "runs/lost", "--steps", "2");
  });

  it("is named so that the shell reads it back, as what it says is", async () => {
    const file = shop.experiment("our own", tinyExperiment({ pretrain: COSINE }));
    await shop.succeed("pretrain", file, "--run", "quoted");
    shop.experiment("our own", tinyExperiment({ data: { path: "more images", image_size: 8 }, pretrain: COSINE }));
    const set = ["--steps", "30", "--set", "model.num_heads=4"];
    const refused = await shop.maskdm("resume", "quoted", ...set);
    expect(refused.err).toContain("maskdm pretrain 'our own.maskdm.yaml' --set model.num_heads=4");
    expect(refused.err).toContain("maskdm pretrain 'our own.maskdm.yaml' --steps 30");
    const { err } = await shop.succeed("resume", "quoted", "--steps", "30", "--stretch-lr");
    expect(err).toContain("take it over with --set 'data.path=\"more images\"'");
  });

  it("is told from the run's own copy edited by hand, which is used and said", async () => {
    const file = shop.experiment("byhand", tinyExperiment({ pretrain: QUICK }));
    await shop.succeed("pretrain", file, "--run", "byhand", "--steps", "10");
    const copy = join(shop.run("byhand"), "experiment.maskdm.yaml");
    writeFileSync(copy, readExperimentText(shop.run("byhand")).replace('"log_every": 5', '"log_every": 1'));
    const { err } = await shop.succeed("resume", "byhand", "--steps", "12");
    expect(err).toContain("runs/byhand/experiment.maskdm.yaml was changed by hand since the run was last at work");
    const { configHash, sessions } = recordOf(shop.run("byhand"));
    expect(sessions[1]!.configHash).toBe(configHash);
    expect(sessions[0]!.configHash).not.toBe(configHash);
    expect((await shop.succeed("resume", "byhand", "--steps", "13")).err).not.toContain("by hand");
  });
});
