/** A disk that fills while a study is at work: it says so and how to go on, and then goes on with nothing computed twice. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it, type TestContext } from "vitest";
import { readEvaluations } from "../../../src/core/run/evaluations.ts";
import { listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { readStudyRequest } from "../../../src/node/study/studyRequest.ts";
import { fill, giveBack, mountDisk, unmountDisk } from "../training/smallDisk.ts";
import { differences, QUICK, recordOf, statusOf, until, Workshop, writeImages } from "../training/support.ts";
import { StudyAtWork, studyBase } from "./studyAtWork.ts";

const shop = new Workshop();
const disks: (string | null)[] = [];
const held = "stages: [pretrain]\nseeds: 2\nmetric: held_out_loss\n";

beforeAll(() => writeImages(shop.path("images"), { count: 60, size: 8 }));
afterAll(() => disks.forEach(unmountDisk));

/** A study whose runs are on a disk of its own. */
function onSmallDisk(context: TestContext, name: string, text: string, size = "40m"): StudyAtWork {
  const disk = mountDisk(shop.path(`${name}-disk`), size);
  if (disk === null) return context.skip("mounting a small disk takes root on Linux");
  disks.push(disk);
  return new StudyAtWork(shop, name, text, { runsDir: disk });
}

const filler = (study: StudyAtWork): string => join(study.runsDir, "filler");

/** The command that a message names, as arguments of study. */
function remedyIn(message: string, study: StudyAtWork): string {
  const verb = /Free some space\. Then go on with: maskdm study (run|retry-failed) (\S+?)\.?\s/.exec(`${message} `);
  if (verb?.[2] !== shop.path(study.file)) throw new Error(`no remedy in: ${message}`);
  return verb[1]!;
}

describe.concurrent("a study whose disk fills", () => {
  it("says so while it trains, loses nothing, and goes on with the command that it names", async (context) => {
    const { expect } = context;
    const pretrain = { ...QUICK, steps: 3000, checkpoint_every: 200, log_every: 100, held_out_every: 3000 };
    studyBase(shop, "training", { pretrain });
    const study = onSmallDisk(context, "training", held);
    const [first, second] = study.runs as [string, string];
    const following = study.command("run");
    await until("the first run at work", () => study.isRunning(first) && statusOf(study.run(first)).step > 300);
    fill(filler(study));
    const { exitCode, err } = await following;
    expect(exitCode, err).toBe(1);
    expect(err).toMatch(/Stopped: .*(the disk is full \(ENOSPC\)|the disk of \S+ has .* left)/);
    expect(err).toContain(study.runsDir);
    expect(err).not.toMatch(/unexpected|\n {4}at /);
    const said = await study.command("status");
    expect(said.err, "what the editor shows as well").toMatch(/^Stopped: .*Free some space/);
    // The first may end in the room that the worker gave up.
    expect((await study.states())[1]).toBe("waiting");
    expect(listCheckpoints(study.run(first)).damaged).toEqual([]);

    // Nobody makes room: asked again, it says so again, at once or once its worker is there.
    const again = await study.command("run");
    expect(again.exitCode, again.err).toBe(1);
    expect(again.err).toContain("Free some space.");

    rmSync(filler(study));
    const gone = await study.command(remedyIn(said.err, study));
    expect(gone.exitCode, gone.err).toBe(0);
    expect(await study.states()).toEqual(["done", "done"]);
    const { sessions } = recordOf(study.run(first));
    for (const { fromStep } of sessions.slice(1)) expect(fromStep).toBeGreaterThanOrEqual(200);
    expect(recordOf(study.run(second)).sessions).toHaveLength(1);
    await shop.succeed(
      "pretrain",
      "training.maskdm.yaml",
      "--run",
      "whole",
      "--set",
      `seed=${recordOf(study.run(first)).seed}`,
    );
    expect(differences(study.run(first), shop.run("whole"))).toEqual([]);
    expect(existsSync(join(study.runsDir, ".studies", study.name, "reserve"))).toBe(false);
  }, 180_000);

  it("says so while a cell is evaluated, and evaluates it once there is room", async (context) => {
    const { expect } = context;
    studyBase(shop, "drawn", { diffusion: { timesteps: 20 }, sample: { steps: 20 } });
    const evaluate = "evaluate: {samples: 2000, space: random-convolutions}\n";
    const study = onSmallDisk(context, "drawn", `stages: [pretrain]\nseeds: 1\n${evaluate}`);
    const [id] = study.runs as [string];
    const following = study.command("run");
    await until("the evaluation", () => existsSync(study.recordFile) && (study.record.evaluating?.done ?? 0) > 0);
    fill(filler(study));
    const { exitCode, err } = await following;
    expect(exitCode, err).toBe(1);
    expect(err).toMatch(/the disk is full \(ENOSPC\)/);
    expect(err).not.toMatch(/unexpected|\n {4}at /);
    const { err: said } = await study.command("status");
    rmSync(filler(study));
    const gone = await study.command(remedyIn(said, study));
    expect(gone.exitCode, gone.err).toBe(0);
    expect(await study.states()).toEqual(["done"]);
    expect(study.sessions()).toEqual({ [id]: 1 });
    expect(readEvaluations(readFileSync(`${study.run(id)}/evaluations.jsonl`, "utf8"))).toHaveLength(1);
  }, 180_000);

  it("keeps what was asked for where study.json cannot be written", async (context) => {
    const { expect } = context;
    studyBase(shop, "begun");
    const study = onSmallDisk(context, "begun", held);
    fill(filler(study));
    const refused = await study.command("run");
    expect(refused.exitCode, refused.err).toBe(1);
    expect(refused.err).toMatch(
      /^error: Cannot write \S+request\.json: the disk is full \(ENOSPC\)\. .* Free some space\./m,
    );
    // Room for the request, and not for what its worker writes.
    giveBack(filler(study), 5 * 4096);
    const begun = await study.command("run");
    expect(begun.exitCode, begun.err).toBe(1);
    expect(begun.err).toMatch(
      /Stopped: Cannot write \S+: the disk is full \(ENOSPC\)\. .* Free some space\. Then go on with/,
    );
    expect(readStudyRequest(study.runsDir, study.name)?.study?.studyText).toBe(study.loaded.texts.studyText);
    rmSync(filler(study));
    const gone = await study.command(remedyIn(begun.err, study));
    expect(gone.exitCode, gone.err).toBe(0);
    expect(await study.states()).toEqual(["done", "done"]);
    expect(readStudyRequest(study.runsDir, study.name)).toBeNull();
  }, 180_000);
});
