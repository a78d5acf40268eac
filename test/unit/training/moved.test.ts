/** A project is renamed, copied and handed on with its runs. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { RUN_FILE } from "../../../src/node/run/runFiles.ts";
import { QUICK, recordOf, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const TINY = "tiny.maskdm.yaml";
const SHORT = { ...QUICK, steps: 10 };

beforeAll(async () => {
  await writeImages(shop.path("made", "images"), { count: 12, size: 8 });
  const content = tinyExperiment({ pretrain: SHORT, finetune: { ...SHORT, checkpoint_every: 5 } });
  writeFileSync(shop.path("made", TINY), JSON.stringify(content, null, 2));
  await shop.succeed("pretrain", `made/${TINY}`, "--run", "a", "--runs-dir", "made/runs");
  // A finetune that has no checkpoint of its own yet: it begins again from its parent's weights.
  await shop.succeed("finetune", `made/${TINY}`, "--from", "a", "--run", "b", "--runs-dir", "made/runs");
  rmSync(shop.path("made/runs/b/checkpoints"), { recursive: true });
});

/** The project at another place, the old one gone. */
function moved(name: string): void {
  cpSync(shop.path("made"), shop.path(`${name}-old`), { recursive: true });
  for (const id of ["a", "b"]) {
    const file = shop.path(`${name}-old`, "runs", id, RUN_FILE);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(shop.path("made"), shop.path(`${name}-old`)));
  }
  renameSync(shop.path(`${name}-old`), shop.path(name));
}

describe("a project that was moved", () => {
  it("goes on where it lies, and nothing is made at its old place", async () => {
    moved("here");
    rmSync(shop.path("here/.maskdm"), { recursive: true });
    const { err } = await shop.succeed("resume", "here/runs/a", "--steps", "12");
    expect(err).toContain(`maskdm finetune here/${TINY} --from here/runs/a`);
    expect(existsSync(shop.path("here/.maskdm/cache"))).toBe(true);
    expect(existsSync(shop.path("here-old"))).toBe(false);
    expect(statusOf(shop.path("here/runs/a"))).toMatchObject({ state: "finished", step: 12 });
    expect(recordOf(shop.path("here/runs/a"))).toMatchObject({
      experimentFile: shop.path("here", TINY),
      experimentFromRun: `../../${TINY}`,
    });
  });

  it("begins a finetune again from weights that moved along", async () => {
    moved("weights");
    await shop.succeed("resume", "weights/runs/b");
    expect(statusOf(shop.path("weights/runs/b"))).toMatchObject({ state: "finished", step: 10 });
  });

  it("starts new runs from a run's own copy of the experiment, with the project's images and name", async () => {
    moved("again");
    const copy = "again/runs/a/experiment.maskdm.yaml";
    await shop.succeed("pretrain", copy, "--runs-dir", "again/runs", "--run", "c");
    expect(recordOf(shop.path("again/runs/c"))).toMatchObject({
      name: "tiny",
      experimentFile: shop.path("again", TINY),
    });
    expect(readdirSync(shop.path("again/runs/a"))).not.toContain(".maskdm");
    const linted = await shop.succeed("lint", copy);
    expect(linted.out).not.toContain("does not exist");
    await shop.succeed("preview", copy);
    expect(existsSync(shop.path("again/.maskdm/preview"))).toBe(true);
  });

  it("begins what was queued before", async () => {
    const queue = ["--runs-dir", "queued-old/runs", "--no-work"];
    moved("queued");
    renameSync(shop.path("queued"), shop.path("queued-old"));
    await shop.succeed("queue", "add", `queued-old/${TINY}`, "--stage", "pretrain", "--run", "c", ...queue);
    const from = ["--from", "queued-old/runs/a/checkpoints/step-00000010"];
    await shop.succeed("queue", "add", `queued-old/${TINY}`, "--stage", "finetune", "--run", "d", ...from, ...queue);
    renameSync(shop.path("queued-old"), shop.path("queued"));
    await shop.succeed("queue", "work", "--runs-dir", "queued/runs");
    for (const id of ["c", "d"]) {
      expect(statusOf(shop.path("queued/runs", id))).toMatchObject({ state: "finished" });
      expect(recordOf(shop.path("queued/runs", id)).experimentFile).toBe(shop.path("queued", TINY));
    }
    expect(existsSync(shop.path("queued-old"))).toBe(false);
  });
});

describe("a resume that cannot begin", () => {
  it("leaves a finished run finished, and says why in its log", async () => {
    moved("stays");
    const run = shop.path("stays/runs/a");
    renameSync(shop.path("stays/images"), shop.path("stays/elsewhere"));
    const before = ["run.json", "status.json", "metrics.jsonl"].map((name) => readFileSync(join(run, name)));
    const { exitCode, err } = await shop.maskdm("resume", "stays/runs/a", "--steps", "12");
    expect(exitCode).toBe(2);
    expect(err).toContain(`"${shop.path("stays/images")}" does not exist`);
    expect(["run.json", "status.json", "metrics.jsonl"].map((name) => readFileSync(join(run, name)))).toEqual(before);
    expect(readFileSync(join(run, "log.txt"), "utf8")).toMatch(/a resume did not begin: data\.path: the folder/);
    await shop.succeed("resume", "stays/runs/a", "--steps", "12", "--set", "data.path=elsewhere");
    expect(statusOf(run)).toMatchObject({ state: "finished", step: 12 });
  });

  it("leaves a run as it was where its weights cannot be loaded", async () => {
    moved("broken");
    const run = shop.path("broken/runs/b");
    const state = () => [readFileSync(join(run, "run.json")), readFileSync(join(run, "status.json"))];
    const before = state();
    const weights = shop.path("broken/runs/a/checkpoints/step-00000010/model.safetensors");
    renameSync(weights, `${weights}.away`);
    const { exitCode } = await shop.maskdm("resume", "broken/runs/b");
    expect(exitCode).not.toBe(0);
    expect(state()).toEqual(before);
    renameSync(`${weights}.away`, weights);
    await shop.succeed("resume", "broken/runs/b");
    expect(statusOf(run)).toMatchObject({ state: "finished" });
  });

  it("tells in the queue why it did not begin, and the run keeps its state", async () => {
    moved("told");
    const run = shop.path("told/runs/a");
    const file = join(run, "status.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"finished"', '"stopped"'));
    renameSync(shop.path("told/images"), shop.path("told/elsewhere"));
    await shop.succeed("queue", "add", "--resume", "told/runs/a", "--no-work");
    await shop.succeed("queue", "work", "--runs-dir", "told/runs");
    const { out } = await shop.succeed("queue", "list", "--runs-dir", "told/runs");
    expect(out).toMatch(/^failed +resume +a .*does not exist/);
    expect(statusOf(run)).toMatchObject({ state: "stopped" });
  });
});

it("two copies of a project each go on with their own images", async () => {
  mkdirSync(shop.path("copies"));
  for (const name of ["copies/one", "copies/two"]) cpSync(shop.path("made"), shop.path(name), { recursive: true });
  await writeImages(shop.path("copies/two/images"), { count: 15, size: 8 });
  await shop.succeed("resume", "copies/two/runs/a", "--steps", "11");
  expect(readFileSync(shop.path("copies/two/runs/a/log.txt"), "utf8")).toContain("The images have changed");
  await shop.succeed("resume", "copies/one/runs/a", "--steps", "11");
  expect(readFileSync(shop.path("copies/one/runs/a/log.txt"), "utf8")).not.toContain("The images have changed");
});
