/** Evaluations of runs of the PyTorch engine: it draws what is measured, on its device, as the other engine would. */
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { type Evaluation, readEvaluations } from "../../../src/core/run/evaluations.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { TRAINER_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { QUICK, statusOf, tinyExperiment, until, Workshop, writeImages } from "../training/support.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const shop = new Workshop();
const SAMPLES = 70;
const classes = { num_classes: 2, class_dropout: 0.2 };
const EXPERIMENT = tinyExperiment({
  data: { path: "images", image_size: 8, labels: "folders" },
  model: { patch_size: 4, embed_dim: 16, depth: 1, num_heads: 2, ...classes },
  diffusion: { timesteps: 20 },
  sample: { steps: 3, sampler: "ancestral", guidance: 2 },
  pretrain: { ...QUICK, steps: 20 },
  engine: { backend: "torch", threads: 1 },
});

beforeAll(() => writeImages(shop.path("images"), { count: 40, size: 8, classes: ["birds", "cats"] }));
afterEach(() => delete process.env["MASKDM_PYTHON"]);

async function evaluate(run: string): Promise<Evaluation> {
  const asked = ["--samples", String(SAMPLES), "--space", "random-convolutions", "--seed", "5"];
  const { err } = await shop.succeed("evaluate", run, ...asked);
  expect(err).not.toContain("Traceback");
  return readEvaluations(readFileSync(join(shop.run(run), "evaluations.jsonl"), "utf8")).at(-1)!;
}

/** Pages of samples by name. */
function pages(run: string, { drawn }: Evaluation): Record<string, Buffer> {
  const folder = join(shop.run(run), "evaluations", drawn);
  const names = readdirSync(folder).filter((name) => name.endsWith(".pixels"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]));
}

it("PyTorch draws the samples that this program's engine draws, and goes on where it was interrupted", async (test) => {
  process.env["MASKDM_PYTHON"] = requirePython(test, TRAINER_MODULES);
  shop.experiment("there", EXPERIMENT);
  await shop.succeed("pretrain", "there.maskdm.yaml", "--run", "there");
  const there = await evaluate("there");
  expect(there).toMatchObject({ backend: "torch", samples: SAMPLES, seed: 5, weights: "ema" });
  const drawn = pages("there", there);
  expect(Object.keys(drawn)).toEqual(["samples-00000000.pixels", "samples-00000064.pixels"]);

  cpSync(shop.run("there"), shop.run("here"), { recursive: true });
  const frozen = join(shop.run("here"), "experiment.maskdm.yaml");
  writeFileSync(frozen, readFileSync(frozen, "utf8").replace(/torch/, "native"));
  const here = await evaluate("here");
  expect(here.backend).toBe("native");
  expect(here.kid.value).toBeCloseTo(there.kid.value, 3);
  const own = pages("here", here);
  for (const [name, bytes] of Object.entries(drawn)) {
    expect(own[name]).toHaveLength(bytes.length);
    expect(Math.max(...bytes.map((value, i) => Math.abs(value - own[name]![i]!)))).toBeLessThanOrEqual(1);
  }

  const second = join(shop.run("there"), "evaluations", there.drawn, "samples-00000064.pixels");
  rmSync(second);
  expect(await evaluate("there")).toMatchObject({ drawn: there.drawn, kid: there.kid });
  expect(readFileSync(second)).toEqual(drawn["samples-00000064.pixels"]);
});

it("where there is no PyTorch the other engine draws", async (test) => {
  requirePython(test, TRAINER_MODULES);
  process.env["MASKDM_PYTHON"] = shop.path("nowhere");
  expect((await evaluate("there")).backend).toBe("native");
});

it("a network of one's own is evaluated, and told where there is no PyTorch for it", async (test) => {
  process.env["MASKDM_PYTHON"] = requirePython(test, TRAINER_MODULES);
  copyFileSync("examples/own-network/mixer.py", shop.path("mixer.py"));
  const model = { backbone: "mixer:Mixer", patch_size: 4, embed_dim: 16, depth: 2, ...classes };
  shop.experiment("mixer", { ...EXPERIMENT, model });
  await shop.succeed("pretrain", "mixer.maskdm.yaml", "--run", "mixer");
  expect(await evaluate("mixer")).toMatchObject({ backend: "torch", samples: SAMPLES });
  process.env["MASKDM_PYTHON"] = shop.path("nowhere");
  const { exitCode, err } = await shop.maskdm("evaluate", "mixer", "--samples", "50");
  expect(exitCode).toBe(1);
  expect(err).toMatch(/^error: engine\.backend: torch cannot be used: .*nowhere.* is no program/m);
});

it("a run evaluates itself; one that is stopped meanwhile makes up for it", async (test) => {
  process.env["MASKDM_PYTHON"] = requirePython(test, TRAINER_MODULES);
  const pretrain = { ...QUICK, steps: 10, evaluate_every: 5, evaluate_samples: 50 };
  shop.experiment("itself", { ...EXPERIMENT, pretrain });
  const log = (run: string): string => readFileSync(join(shop.run(run), "log.txt"), "utf8");
  await shop.succeed("pretrain", "itself.maskdm.yaml", "--run", "calm");
  const made = readEvaluations(readFileSync(join(shop.run("calm"), "evaluations.jsonl"), "utf8"));
  expect(made).toMatchObject([5, 10].map((step) => ({ step, samples: 50, weights: "ema", backend: "torch" })));
  expect(kids("calm")).toEqual(
    made.map(({ step, kid: { value, standardError } }) => ({ step, kid: value, kidError: standardError })),
  );
  expect(log("calm")).toMatch(/evaluation of step 5: KID \S+ ± /);

  const stopped = shop.start(["pretrain", "itself.maskdm.yaml", "--run", "stopped"]);
  let told = "";
  stopped.child.stderr!.on("data", (data) => (told += data));
  await until("the checkpoint of step 5", () => existsSync(join(shop.run("stopped"), "checkpoints/step-00000005")), 60);
  stopped.child.kill("SIGTERM");
  await stopped.ended;
  expect(statusOf(shop.run("stopped"))).toMatchObject({ state: "stopped", step: 5 });
  expect(log("stopped")).toContain("evaluation of step 5 given up for the stop");
  expect(kids("stopped")).toEqual([]);
  await shop.succeed("resume", "stopped");
  expect(kids("stopped")).toEqual(kids("calm"));
  expect(told).not.toContain("Traceback");
});

/** What evaluations say in the metrics. */
const kids = (run: string) =>
  readRunMetrics(shop.run(run)).flatMap(({ step, kid, kidError }) =>
    kid === undefined ? [] : [{ step, kid, kidError }],
  );
