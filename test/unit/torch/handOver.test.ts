/** Commands that are handed over to the PyTorch engine, as processes, with a trainer that learns nothing in its place. */
import { readFileSync, realpathSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readAnnotations } from "../../../src/node/run/annotations.ts";
import { requestStop } from "../../../src/node/run/control.ts";
import { enqueueStart } from "../../../src/node/run/enqueue.ts";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { readQueue } from "../../../src/node/run/queue.ts";
import { readStatus } from "../../../src/node/run/status.ts";
import { findPython } from "../../python/findPython.ts";
import { pythonWithTestTrainer } from "../../support/torchProgram.ts";
import { QUICK, recordOf, statusOf, tinyExperiment, until, Workshop, writeImages } from "../training/support.ts";

const python = findPython();

describe.skipIf(!python.found || process.platform !== "linux")("a command with engine.backend: torch", () => {
  const shop = new Workshop();
  beforeAll(async () => {
    process.env["MASKDM_PYTHON"] = pythonWithTestTrainer(shop.folder, python.found ? python.command : "");
    process.env["XDG_DATA_HOME"] = shop.path("data");
    await writeImages(shop.path("images"), { count: 8, size: 8 });
    shop.experiment("tiny", tinyExperiment({ engine: { backend: "torch" }, pretrain: QUICK, finetune: QUICK }));
    return () => {
      delete process.env["MASKDM_PYTHON"];
      delete process.env["XDG_DATA_HOME"];
    };
  });

  const isAt = (run: string, step: number) => (): boolean => {
    const status = readStatus(shop.run(run));
    return status.ok && status.value.step >= step;
  };

  it("trains there, says so, and prints the run's folder", async () => {
    const { out, err } = await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "a", "--steps", "5");
    expect(out).toBe("runs/a\n");
    expect(err).toMatch(
      /^training is handed over to PyTorch 2\.99\.0 on the processor \(.*python-with-test-trainer\)$/m,
    );
    expect(err).toContain("pretrain on torch, 5 steps");
    expect(summarizeRun(shop.run("a"))).toMatchObject({ state: "finished", step: 5 });
    expect(readRunMetrics(shop.run("a")).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
  });

  it("is linted first, and an exit code comes through", async () => {
    const wrong = await shop.maskdm("pretrain", "tiny.maskdm.yaml", "--set", "mask.rate=2");
    expect(wrong).toMatchObject({ exitCode: 2, out: "" });
    expect(wrong.err).toContain("mask.rate");
    expect(wrong.err).not.toContain("handed over");
    const refused = await shop.maskdm("pretrain", "tiny.maskdm.yaml", "--set", "pretrain.lr=0.5");
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toMatch(/^error: pretrain\.lr 0\.5 is refused/m);
  });

  it("passes a signal on once, and a resume goes on there", async () => {
    const { child, ended } = shop.start(["pretrain", "tiny.maskdm.yaml", "--run", "b", "--steps", "1000"]);
    await until("a step", isAt("b", 2));
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ exitCode: 0, signal: null, out: "runs/b\n" });
    const { step } = statusOf(shop.run("b"));
    expect(statusOf(shop.run("b")).state).toBe("stopped");
    const resumed = shop.start(["resume", "b"]);
    await until("a further step", isAt("b", step + 2));
    requestStop(shop.run("b"));
    expect(await resumed.ended).toMatchObject({ exitCode: 0, out: "runs/b\n" });
    expect(recordOf(shop.run("b")).sessions).toHaveLength(2);
  });

  it("ends by the signal that ended the trainer", async () => {
    const { ended } = shop.start(["pretrain", "tiny.maskdm.yaml", "--run", "c", "--steps", "1000"]);
    await until("a step", isAt("c", 1));
    process.kill(recordOf(shop.run("c")).pid, "SIGKILL");
    const outcome = await ended;
    expect(outcome.signal).toBe("SIGKILL");
    expect(outcome.err).toContain("the PyTorch engine was ended by SIGKILL, perhaps for lack of memory");
    expect(summarizeRun(shop.run("c")).state).toBe("interrupted");
  });

  it("goes through the queue with the text, group and name that were queued; what fails after it has begun is no failed launch", async () => {
    const experimentFile = shop.path("tiny.maskdm.yaml");
    const experimentText = readFileSync(experimentFile, "utf8").replace('"steps": 30', '"steps": 1000');
    const shown = { group: "some", name: "the first" };
    const runsDir = shop.path("runs");
    await enqueueStart({ runsDir, experimentFile, experimentText, stage: "pretrain", id: "d", ...shown });
    const worker = shop.start(["queue", "work"]);
    await until("a step", isAt("d", 1));
    const [queued] = readQueue(runsDir);
    expect(queued).toMatchObject({ state: "started", entry: { process: { pid: recordOf(shop.run("d")).pid } } });
    process.kill(recordOf(shop.run("d")).pid, "SIGKILL");
    await worker.ended;
    expect(readQueue(runsDir)).toEqual([]);
    expect(statusOf(shop.run("d")).totalSteps).toBe(1000);
    expect(readAnnotations(shop.run("d"))).toMatchObject({ value: shown });
  });

  it("takes the weights that were found, and draws with all options", async () => {
    const own = ["--set", "engine.backend=auto", "--steps", "2", "--run", "own"];
    await shop.succeed("pretrain", "tiny.maskdm.yaml", ...own);
    const { err } = await shop.succeed("finetune", "tiny.maskdm.yaml", "--from", "own", "--run", "e", "--steps", "2");
    // That is the trainer's to say, as it takes them.
    expect(err).not.toContain("starting from");
    const weights = realpathSync(shop.path("runs/own/checkpoints/step-00000002/model.safetensors"));
    expect(recordOf(shop.run("e")).parent?.checkpoint).toBe(weights);
    const drawing = ["--set", "engine.backend=torch", "--count", "4", "--seed", "7"];
    expect((await shop.succeed("sample", "own", ...drawing)).out).toBe("drawn 4 with seed 7\n");
  });

  it("without a Python that can train says what to do", async () => {
    const named = process.env["MASKDM_PYTHON"];
    process.env["MASKDM_PYTHON"] = shop.path("no-python");
    try {
      const { exitCode, err } = await shop.maskdm("pretrain", "tiny.maskdm.yaml");
      expect(exitCode).toBe(1);
      expect(err).toMatch(
        /^error: engine\.backend: torch cannot be used: .*no-python.* is no program\..*--install-torch/m,
      );
    } finally {
      process.env["MASKDM_PYTHON"] = named;
    }
  });
});
