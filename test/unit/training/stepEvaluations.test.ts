/** Runs that evaluate themselves while they train. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readEvaluations } from "../../../src/core/run/evaluations.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { differences, QUICK, statusOf, tinyExperiment, until, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const SAMPLES = 50;
const base = {
  data: { path: "images", image_size: 8 },
  diffusion: { timesteps: 200 },
  sample: { steps: 5 },
  pretrain: { ...QUICK, steps: 10, evaluate_every: 5, evaluate_samples: SAMPLES },
};

/** Evaluations in the metrics: step, KID. */
const kids = (id: string) =>
  readRunMetrics(shop.run(id)).flatMap(({ step, kid, kidError }) =>
    kid === undefined ? [] : [{ step, kid, kidError }],
  );
const recorded = (id: string) => readEvaluations(readFileSync(join(shop.run(id), "evaluations.jsonl"), "utf8"));
const logOf = (id: string): string => readFileSync(join(shop.run(id), "log.txt"), "utf8");
/** Pages of samples that are drawn. */
function pages(id: string): string[] {
  const folder = join(shop.run(id), "evaluations");
  if (!existsSync(folder)) return [];
  const keys = readdirSync(folder).map((key) => join(folder, key));
  return keys.flatMap((key) =>
    readdirSync(key)
      .filter((name) => name.startsWith("samples-"))
      .map((name) => join(key, name)),
  );
}

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 60, size: 8 });
  shop.experiment("tiny", tinyExperiment(base));
});

describe("evaluations of a run that trains", () => {
  it("find what maskdm evaluate does, and change no bit of the training", async () => {
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "evaluated");
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "plain", "--set", "pretrain.evaluate_every=0");
    expect(differences(shop.run("evaluated"), shop.run("plain"))).toEqual([]);
    expect(kids("plain")).toEqual([]);
    const { out } = await shop.succeed("evaluate", "evaluated", "--json", "--samples", String(SAMPLES));
    const [, last, after] = recorded("evaluated");
    const [asked] = JSON.parse(out);
    expect(asked).toEqual(after);
    const { kid, frechet, copying, precision, coverage } = asked;
    expect(last).toMatchObject({
      step: 10,
      weights: "ema",
      samples: SAMPLES,
      kid,
      frechet,
      copying,
      precision,
      coverage,
    });
    expect(kids("evaluated")).toEqual(
      recorded("evaluated")
        .slice(0, 2)
        .map(({ step, kid: { value, standardError } }) => ({ step, kid: value, kidError: standardError })),
    );
    expect(kids("evaluated").map(({ step }) => step)).toEqual([5, 10]);
    expect(logOf("evaluated")).toMatch(/evaluation of step 5: KID \S+ ± /);
  }, 120_000);

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "are broken off by %s, also at the last step, and gone on with by a resume",
    async (signal) => {
      const many = ["sample.steps=60", "pretrain.evaluate_samples=320", "pretrain.steps=5"];
      const options = many.flatMap((set) => ["--set", set]);
      const id = `after-${signal.toLowerCase()}`;
      const run = shop.start(["pretrain", "tiny.maskdm.yaml", "--run", id, ...options]);
      await until("a page of samples", () => pages(id).length > 1, 60);
      run.child.kill(signal);
      await run.ended;
      const drawn = pages(id);
      expect(drawn.length).toBeLessThan(5);
      expect(kids(id)).toEqual([]);
      if (signal === "SIGTERM") {
        expect(statusOf(shop.run(id))).toMatchObject({ state: "stopped", step: 5 });
        expect(logOf(id)).toContain("evaluation of step 5 given up for the stop");
      }
      const times = drawn.map((page) => statSync(page).mtimeMs);
      const { err } = await shop.succeed("resume", id);
      expect(err).not.toContain("could not be");
      expect(statusOf(shop.run(id))).toMatchObject({ state: "finished", step: 5 });
      expect(drawn.map((page) => statSync(page).mtimeMs)).toEqual(times);
      const whole = `${id}-whole`;
      await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", whole, ...options);
      expect(kids(id)).toEqual(kids(whole));
      expect(kids(id)).toHaveLength(1);
    },
    180_000,
  );

  it("draw anew where the step was trained anew: what lies there may be of other weights", async () => {
    const options = ["--steps", "5", "--set", "pretrain.checkpoint_every=4"];
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "anew", ...options);
    const [page] = pages("anew");
    const drawn = readFileSync(page!);
    writeFileSync(page!, Buffer.alloc(drawn.length));
    rmSync(join(shop.run("anew"), "checkpoints", "step-00000005"), { recursive: true });
    await shop.succeed("resume", "anew", ...options);
    expect(readFileSync(page!).equals(drawn)).toBe(true);
  }, 60_000);

  it("that fail are told, training goes on, and a later resume makes up for them", async () => {
    await shop.succeed(
      "pretrain",
      "tiny.maskdm.yaml",
      "--run",
      "blocked",
      "--steps",
      "4",
      "--set",
      "pretrain.evaluate_every=0",
    );
    const file = join(shop.run("blocked"), "evaluations.jsonl");
    mkdirSync(file);
    const again = ["--set", "pretrain.evaluate_every=5"];
    const { err } = await shop.succeed("resume", "blocked", "--steps", "5", ...again);
    const told = /evaluation of step 5 could not be made, the run goes on: /;
    expect(err).toMatch(told);
    expect(logOf("blocked")).toMatch(told);
    expect(statusOf(shop.run("blocked"))).toMatchObject({ state: "finished", step: 5 });
    rmdirSync(file);
    await shop.succeed("resume", "blocked", "--steps", "6", ...again);
    expect(kids("blocked").map(({ step }) => step)).toEqual([5, 6]);
  }, 120_000);

  it("end the run where the disk refuses them", async () => {
    await shop.succeed(
      "pretrain",
      "tiny.maskdm.yaml",
      "--run",
      "refused",
      "--steps",
      "4",
      "--set",
      "pretrain.evaluate_every=0",
    );
    writeFileSync(join(shop.run("refused"), "evaluations"), "");
    const { exitCode, err } = await shop.maskdm(
      "resume",
      "refused",
      "--steps",
      "10",
      "--set",
      "pretrain.evaluate_every=5",
    );
    expect(exitCode, err).toBe(1);
    expect(err).toMatch(/error: Cannot write .*evaluations.*: a file is in the way/);
    expect(statusOf(shop.run("refused")).state).toBe("failed");
  }, 60_000);

  it("are refused before training begins where there are too few images, or too few different ones", async () => {
    await writeImages(shop.path("few"), { count: 3, size: 8 });
    mkdirSync(shop.path("same"));
    for (let i = 0; i < 30; i++) copyFileSync(shop.path("few", "image-000.png"), shop.path("same", `${i}.png`));
    for (const [folder, message] of [
      ["few", "pretrain.evaluate_every 5 asks for evaluations of what 3 training images taught: too few"],
      [
        "same",
        "There is 1 different image among the 30 training images: too few to measure samples by, which takes 20. Add images to data.path, or set pretrain.evaluate_every to 0.",
      ],
    ] as const) {
      const { exitCode, err } = await shop.maskdm(
        "pretrain",
        "tiny.maskdm.yaml",
        "--run",
        folder,
        "--set",
        `data.path=${folder}`,
      );
      expect(exitCode, err).toBe(2);
      expect(err).toContain(message);
      expect(existsSync(shop.run(folder))).toBe(false);
    }
  }, 60_000);
});
