/** compute.target: command: a training that the user's own command takes elsewhere, as users start it. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { findPython, TRAINER_MODULES } from "../../python/findPython.ts";
import {
  differences,
  learning,
  recordOf,
  type Started,
  statusOf,
  tinyExperiment,
  until,
  Workshop,
} from "../training/support.ts";
import { LocalSlurm, whyNoSlurm } from "./localSlurm.ts";
import { OFTEN_SAVED, trainWith } from "./torchShop.ts";

// A busy machine takes its time to import torch.
const PATIENCE = 240;
vi.setConfig({ testTimeout: 4 * PATIENCE * 1000 });

const python = findPython(TRAINER_MODULES);
if (!python.found) console.warn(`skipped: ${python.reason}`);

/** A name of its own for a host is what Linux gives to who may ask for it. */
function mayNameHosts(): boolean {
  try {
    execFileSync("unshare", ["--uts", "hostname", "elsewhere"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!python.found || process.platform === "win32")("a command that takes the training elsewhere", () => {
  const shop = new Workshop();
  const by = (name: string, command: string, more: Partial<typeof OFTEN_SAVED> = {}): string => {
    const compute = { target: "command", command } as const;
    const engine = { backend: "torch", threads: 1 } as const;
    return shop.experiment(name, tinyExperiment({ engine, compute, pretrain: { ...OFTEN_SAVED, ...more } }));
  };
  /** Of all runs, as they go with them. */
  const orders = (): string[] => (existsSync(shop.path("runs/.orders")) ? readdirSync(shop.path("runs/.orders")) : []);
  const reaches = (run: string, step: number) =>
    until(`step ${step} of ${run}`, () => isThere(run) && statusOf(shop.run(run)).step >= step, PATIENCE);
  const isThere = (run: string): boolean =>
    existsSync(shop.run(run)) && summarizeRun(shop.run(run)).state !== "damaged";
  /** Goes on for longer than it takes to ask a training to stop. */
  const LONG = { steps: 2000, checkpoint_every: 100 };
  let longCalm: Promise<unknown> | null = null;
  const isLikeLongCalm = async (run: string): Promise<void> => {
    by("long", "sh {script}", LONG);
    longCalm ??= shop.succeed("pretrain", "long.maskdm.yaml", "--run", "long", "--set", "compute.target=local");
    await longCalm;
    isLikeCalm(run, "long", LONG.steps);
  };
  const isLikeCalm = (run: string, calm = "calm", step = OFTEN_SAVED.steps): void => {
    expect(statusOf(shop.run(run))).toMatchObject({ state: "finished", step });
    expect(differences(shop.run(calm), shop.run(run))).toEqual([]);
    expect(learning(shop.run(run))).toEqual(learning(shop.run(calm)));
  };
  const said = ({ child }: Started, what: RegExp): Promise<void> => {
    let err = "";
    child.stderr!.on("data", (text) => (err += text));
    return until(String(what), () => what.test(err), PATIENCE);
  };

  beforeAll(async () => {
    by("here", "sh {script}");
    return trainWith(python.found ? python.command : "", shop);
  });

  it("trains what is trained here, and leaves nothing behind", async () => {
    await shop.succeed("pretrain", "here.maskdm.yaml", "--run", "calm", "--set", "compute.target=local");
    const { out, err } = await shop.succeed("pretrain", "here.maskdm.yaml", "--run", "there");
    expect(out).toBe("runs/there\n");
    expect(err).toContain("finished 300 steps");
    expect(err).not.toMatch(/Traceback|Warning/);
    isLikeCalm("there");
    expect(orders()).toEqual([]);
  });

  it("goes on after its trainer is killed, and is watched again after what started it is", async () => {
    by("shaken", "sh {script}", LONG);
    const first = shop.start(["pretrain", "shaken.maskdm.yaml", "--run", "shaken"]);
    await reaches("shaken", LONG.checkpoint_every + 15);
    process.kill(recordOf(shop.run("shaken")).pid, "SIGKILL");
    const lost = await first.ended;
    expect(lost.exitCode).toBe(1);
    expect(lost.err).not.toContain("something unexpected");

    const second = shop.start(["resume", "shaken"]);
    await until("a second session", () => recordOf(shop.run("shaken")).sessions.length === 2, PATIENCE);
    second.child.kill("SIGKILL");
    await second.ended;
    const { err } = await shop.succeed("resume", "shaken");
    expect(err).toContain("shaken is at work already: it is watched from here");
    expect(recordOf(shop.run("shaken")).sessions).toHaveLength(2);
    expect(orders()).toEqual([]);
    await isLikeLongCalm("shaken");
  });

  it("is stopped by Ctrl+C here, and by maskdm stop, although another host trains", async (test) => {
    test.skip(!mayNameHosts(), "unshare --uts does not work here");
    by("far", "unshare --uts sh -c 'hostname elsewhere; exec sh {script}'", LONG);
    const started = shop.start(["pretrain", "far.maskdm.yaml", "--run", "far"]);
    await reaches("far", 15);
    const { host } = recordOf(shop.run("far"));
    expect(host).toBe("elsewhere");
    expect(summarizeRun(shop.run("far")).state).toBe("running");
    started.child.kill("SIGINT");
    expect((await started.ended).exitCode).toBe(0);
    expect(statusOf(shop.run("far")).state).toBe("stopped");

    const again = shop.start(["resume", "far"]);
    await until("a second session", () => recordOf(shop.run("far")).sessions.length === 2, PATIENCE);
    await shop.succeed("stop", "far", "--wait");
    expect((await again.ended).exitCode).toBe(0);
    expect(statusOf(shop.run("far")).state).toBe("stopped");
    await shop.succeed("resume", "far");
    await isLikeLongCalm("far");
  });

  it("says what is wrong with a command", async () => {
    const failing = async (command: string) => {
      by("wrong", command);
      const { exitCode, err } = await shop.maskdm("pretrain", "wrong.maskdm.yaml", "--run", "wrong");
      expect(exitCode).toBe(1);
      expect(existsSync(shop.run("wrong"))).toBe(false);
      return err;
    };
    expect(await failing("no-such-program {script}")).toMatch(
      /compute\.command ended with exit code 127: .*no-such-program.*Is its program installed here/,
    );
    expect(await failing("echo QOS limit >&2; false {script}")).toContain(
      "compute.command ended with exit code 1: QOS limit. The training has not begun.",
    );
    expect(await failing("echo 0 > {folder}/begun; echo 0 > {folder}/ended; : {script}")).toContain(
      "has ended well, but",
    );
    const python = "MASKDM_PYTHON=no-such-python sh {script}";
    expect(await failing(python)).toContain("no-such-python is not on this machine; set MASKDM_PYTHON");
  });

  it("says that a job waits, and gives it up when asked", async () => {
    by("waiting", "cp {script} kept.sh");
    const started = shop.start(["pretrain", "waiting.maskdm.yaml", "--run", "waiting"]);
    await said(started, /The command has ended, and the job has not begun: it waits for its turn, or .*same path/);
    started.child.kill("SIGTERM");
    expect(await started.ended).toMatchObject({ exitCode: 1, err: expect.stringContaining("The job is given up") });
    // Its turn comes: it has nothing to do.
    const late = await shop.launch("sh", ["kept.sh"], {}).ended;
    expect(late).toMatchObject({ exitCode: 1, err: expect.stringContaining("was given up or ordered anew") });
    expect(existsSync(shop.run("waiting"))).toBe(false);
  });

  const noSlurm = whyNoSlurm();
  if (noSlurm !== null) console.warn(`skipped: Slurm: ${noSlurm}`);

  it.skipIf(noSlurm !== null)("is queued again by Slurm, warned and not, and ends with the same weights", async () => {
    const slurm = await LocalSlurm.start(shop.path("slurm"));
    try {
      Object.assign(process.env, slurm.env);
      const sbatch =
        "sbatch --wait --requeue --signal=B:USR1@120 --job-name={run} --output={folder}/slurm.txt {script}";
      by("queued", sbatch, LONG);
      const started = shop.start(["pretrain", "queued.maskdm.yaml", "--run", "queued"]);
      const sessions = (count: number) =>
        until(`session ${count}`, () => recordOf(shop.run("queued")).sessions.length === count, PATIENCE);
      // Slurm puts off what is queued again by two minutes; in the second in which it took the leave to run from it, it would refuse it.
      const now = async (job: string): Promise<void> => {
        await until("the job to wait", () => slurm.run("squeue", "-h", "-o", "%T").trim() === "PENDING", PATIENCE);
        slurm.run("scontrol", "update", `JobId=${job}`, "StartTime=now+2");
      };
      await reaches("queued", 15);
      const { job } = slurm;
      slurm.run("scancel", "--batch", "--signal=USR1", job);
      await now(job);
      await sessions(2);
      expect(recordOf(shop.run("queued")).sessions[0]).toMatchObject({ endState: "stopped" });
      await reaches("queued", 40);
      slurm.run("scontrol", "requeue", job);
      await now(job);
      await sessions(3);
      const { exitCode, out } = await started.ended;
      expect([exitCode, out]).toEqual([0, "runs/queued\n"]);
      await isLikeLongCalm("queued");
      expect(readFileSync(shop.path("runs/queued/log.txt"), "utf8")).toContain("stop asked for by SIGTERM");
    } finally {
      await slurm.stop();
      delete process.env["SLURM_CONF"];
    }
  });
});
