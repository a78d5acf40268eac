/** What goes wrong with the PyTorch engine: one clear text with a remedy, an exit code as this program's, and nothing lost. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { acquireLock, lockHolder } from "../../../src/node/run/lock.ts";
import { TRAINER_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { mountDisk, unmountDisk } from "../training/smallDisk.ts";
import { newestCheckpoint, QUICK, recordOf, statusOf, tinyExperiment, writeImages } from "../training/support.ts";
import { TorchShop } from "./torchShop.ts";

const shop = new TorchShop();
vi.setConfig({ testTimeout: 360_000 });

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  shop.experiment("tiny", tinyExperiment({ pretrain: QUICK, finetune: QUICK }));
});

let disk: string | null = null;
afterAll(() => unmountDisk(disk));

/** Runs commands one after the other in one process, as PyTorch takes long to load. */
const MANY = `
import contextlib, io, json, sys
from maskdm_torch.cli import main
for args in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(args)
    sys.__stdout__.write(json.dumps([code, out.getvalue(), err.getvalue()]) + "\\n")
`;

/** @returns exit code, stdout and stderr of each, and of all that stderr together */
async function many(python: string, commands: readonly (readonly string[])[]): Promise<[number, string, string][]> {
  const { out, err } = await shop.python(python, ["-c", MANY, JSON.stringify(commands)]).ended;
  expect(err).toBe("");
  const answers = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as [number, string, string]);
  for (const [, , told] of answers) expect(told).not.toMatch(/Traceback|unexpected/);
  return answers;
}

it("tells what is wrong with a command, and what to do", async (test) => {
  const python = requirePython(test, TRAINER_MODULES);
  const set = (...entries: string[]): string[] => entries.flatMap((entry) => ["--set", entry]);
  const pretrain = (...entries: string[]): string[] => [
    "pretrain",
    "tiny.maskdm.yaml",
    "--run",
    "x",
    ...set(...entries),
  ];
  const [first] = await many(python, [["pretrain", "tiny.maskdm.yaml", "--run", "base"]]);
  expect(first!.slice(0, 2), first![2]).toEqual([0, "runs/base\n"]);
  const cases: [args: string[], code: number, text: RegExp][] = [
    [
      ["pretrain", "none.maskdm.yaml"],
      2,
      /^error: none.maskdm.yaml: there is no such file. Make one with: maskdm new DIR\n$/,
    ],
    [["pretrain"], 2, /^error: the following arguments are required: file\n\(.*--help/],
    [["pretrain", "tiny.maskdm.yaml", "--steps", "few"], 2, /^error: argument --steps: few: a whole number is needed/],
    [["draw", "base"], 2, /^error: .*invalid choice: 'draw'/],
    [
      pretrain("model.depth=300"),
      2,
      /^tiny.maskdm.yaml:\d+:\d+: error MDM013 --set model.depth=300: model.depth must be/,
    ],
    [
      pretrain("model.dept=3"),
      2,
      /^error: --set model.dept=3: there is no key model.dept. Did you mean model.depth\?\n$/,
    ],
    [pretrain("model.patch_size=3"), 2, /error MDM201 model.patch_size 3 does not divide data.image_size 8/],
    [pretrain("pretrain.micro_batch_size=3"), 2, /error MDM502 /],
    [
      pretrain("data.path=elsewhere"),
      2,
      /^error: data.path: the folder ".*elsewhere" does not exist \(data.path is "elsewhere"/,
    ],
    [
      pretrain("data.holdout=0.5", "data.image_size=4", "data.ignore=[image*]"),
      2,
      /holds no images \(data.ignore leaves out 24/,
    ],
    [
      pretrain("pretrain.evaluate_every=5"),
      2,
      /pretrain.evaluate_every 5: maskdm makes evaluations, and has not started this .*maskdm evaluate/,
    ],
    [["pretrain", "tiny.maskdm.yaml", "--run", "BASE"], 2, /runs\/base exists already. .*maskdm resume .*runs\/base/],
    [["pretrain", "tiny.maskdm.yaml", "--run", "a b"], 2, /"a b" cannot name a run: it holds " "/],
    [["finetune", "tiny.maskdm.yaml"], 2, /names no checkpoint to finetune from, and neither does --from/],
    [
      ["finetune", "tiny.maskdm.yaml", "--from", "bas"],
      2,
      /"bas" is neither a path nor the id of a run in .* \(runs there: base\)/,
    ],
    [
      ["finetune", "tiny.maskdm.yaml", "--from", "base", ...set("model.embed_dim=32")],
      2,
      /model.embed_dim is 32, but base was trained with 16/,
    ],
    [["finetune", "tiny.maskdm.yaml", "--from", "images/image-000.png"], 2, /is not a safetensors file/],
    [
      ["resume", "base", ...set("model.depth=5")],
      2,
      /model.depth 5: runs\/base was trained with 3 so far, and it has other blocks/,
    ],
    [["resume", "base", "--steps", "20"], 2, /has 30 steps already, more than the 20 asked for/],
    [["resume", "base"], 0, /base has all its 30 steps. Train it for longer with: --steps N/],
    [["sample", "base", "--steps", "2000"], 2, /2000 steps are more than the 1000 timesteps/],
    [["sample", "base", "--sampler", "euler", "--eta", "0.5"], 2, /sample.eta 0.5 has no effect: euler adds no noise/],
    [
      ["bench", "tiny.maskdm.yaml", "--steps", "2", "--mask-rates", "0.5,0"],
      0,
      /mask rate 0.5, batch 8: [\d.]+ images\/s on torch/,
    ],
    [["bench", "tiny.maskdm.yaml", "--mask-rates", "1"], 2, /each rate must be at least 0 and below 1/],
    [["sample", "base", "--label", "cats"], 2, /The model is not class-conditional: --label/],
    [["sample", "base", "--out", "images"], 2, /is a folder. Name a file in it/],
  ];
  const answers = await many(
    python,
    cases.map(([args]) => args),
  );
  for (const [i, [code, , err]] of answers.entries()) {
    expect(err, cases[i]![0].join(" ")).toMatch(cases[i]![2]);
    expect(code, cases[i]![0].join(" ")).toBe(cases[i]![1]);
  }
  // This process writes the run.
  const lock = await acquireLock(shop.run("base"));
  const [held] = await many(python, [["resume", "base", "--steps", "40"]]);
  expect(held![0], held![2]).toBe(2);
  expect(held![2]).toMatch(/^error: .*runs\/base is being written by process \d+ on .*maskdm stop .*runs\/base$/m);
  expect(held![2]).toContain(`process ${process.pid} on`);
  lock.release();
  expect(recordOf(shop.run("base")).sessions).toHaveLength(1);
  expect(lockHolder(shop.run("base"))).toEqual({ held: false });
});

it("a loss that explodes ends the run as diverged, its last good checkpoint kept; damaged checkpoints are passed over", async (test) => {
  const python = requirePython(test, TRAINER_MODULES);
  const absurd = ["pretrain.lr=1", "pretrain.checkpoint_every=5", "pretrain.keep_checkpoints=1"];
  const runDir = shop.run("exploding");
  const [begun, exploded] = await many(python, [
    ["pretrain", "tiny.maskdm.yaml", "--run", "exploding"],
    ["resume", "exploding", "--steps", "400", ...absurd.flatMap((entry) => ["--set", entry])],
  ]);
  expect(begun![0], begun![2]).toBe(0);
  expect(exploded![0], exploded![2]).toBe(1);
  expect(exploded![2]).toContain("The loss diverged; see runs/exploding/log.txt");
  const { state, message } = statusOf(runDir);
  expect(state).toBe("diverged");
  expect(message).toMatch(/the checkpoint of step 30 is kept; a lower lr, .*clip_grad: 1/);
  expect(newestCheckpoint(runDir).state.step).toBe(30);
  expect(recordOf(runDir).sessions.at(-1)).toMatchObject({ endState: "diverged", fromStep: 30 });

  const [newest] = listCheckpoints(runDir).whole.slice(-1);
  const file = join(newest!.dir, "ema.safetensors");
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.at(-1)! ^ 1, bytes.length - 1);
  writeFileSync(file, bytes);
  const calm = ["pretrain.lr=1e-4", "pretrain.steps=32"].flatMap((entry) => ["--set", entry]);
  const [again] = await many(python, [["resume", "exploding", ...calm]]);
  expect(again![0], again![2]).toBe(0);
  expect(again![2]).toMatch(
    /step-00000030 is damaged \(ema.safetensors has another checksum .*\); step 20 is taken instead/,
  );
  expect(statusOf(runDir)).toMatchObject({ state: "finished", step: 32 });
});

it("a full disk ends the run with its checkpoints intact, and it goes on when there is room", async (test) => {
  const python = requirePython(test, TRAINER_MODULES);
  disk = mountDisk(shop.path("disk"), "1m");
  if (disk === null) return test.skip("mounting a small disk takes root on Linux");
  const runDir = join(disk, "filled");
  const many60 = ["pretrain.steps=60", "pretrain.checkpoint_every=2", "pretrain.keep_checkpoints=1000"];
  const [filled] = await many(python, [
    [
      "pretrain",
      "tiny.maskdm.yaml",
      "--runs-dir",
      disk,
      "--run",
      "filled",
      ...many60.flatMap((entry) => ["--set", entry]),
    ],
  ]);
  expect(filled![0], filled![2]).toBe(1);
  expect(filled![2]).toMatch(/^error: The checkpoint of step \d+ was not written. .*the disk is full \(ENOSPC\)/m);
  expect(filled![2]).toContain(`maskdm resume ${runDir}`);
  const { whole, damaged } = listCheckpoints(runDir);
  expect(whole.length).toBeGreaterThan(2);
  expect(damaged).toEqual([]);
  // Room is made.
  for (const { dir } of whole.slice(0, -1)) rmSync(dir, { recursive: true });
  const [resumed] = await many(python, [
    ["resume", runDir, "--set", "pretrain.keep_checkpoints=1", "--set", "pretrain.steps=40"],
  ]);
  expect(resumed![0], resumed![2]).toBe(0);
  expect(statusOf(runDir)).toMatchObject({ state: "finished", step: 40 });
});
