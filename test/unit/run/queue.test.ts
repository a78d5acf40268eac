import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { QueueEntry } from "../../../src/core/run/queue.ts";
import { changeAnnotations, readAnnotations } from "../../../src/node/run/annotations.ts";
import { queueResume } from "../../../src/node/run/changeRun.ts";
import { enqueueResume, enqueueStart } from "../../../src/node/run/enqueue.ts";
import {
  addEntry,
  claimEntry,
  finishEntry,
  parentOf,
  putBack,
  queueFolder,
  readEntry,
  readLimit,
  readQueue,
  removeEntry,
  updateStarted,
  writeLimit,
} from "../../../src/node/run/queue.ts";
import { runEntry } from "../../../src/node/run/runEntry.ts";
import { buildProgram, openRun, start, temporaryFolder } from "./support.ts";

const entry = (id: string, queuedAt = "2026-01-01T00:00:00.000Z"): QueueEntry => ({
  formatVersion: 1,
  id,
  order: { kind: "resume" },
  queuedAt,
  attempts: 0,
});
const ids = (runsDir: string) => readQueue(runsDir).map((queued) => `${queued.entry.id} ${queued.state}`);

function experiment(folder: string, text = "data:\n  path: images\n"): string {
  const file = join(folder, "faces.maskdm.yaml");
  writeFileSync(file, text);
  return file;
}

describe("the queue of a runs folder", () => {
  test("keeps the order in which entries came, whatever their ids", () => {
    const runsDir = temporaryFolder();
    addEntry(runsDir, entry("b", "2026-01-01T00:00:02.000Z"));
    addEntry(runsDir, entry("c", "2026-01-01T00:00:01.000Z"));
    addEntry(runsDir, entry("a", "2026-01-01T00:00:03.000Z"));
    expect(ids(runsDir)).toEqual(["c waiting", "b waiting", "a waiting"]);
  });

  test("has one entry for a run at most", () => {
    const runsDir = temporaryFolder();
    expect(addEntry(runsDir, entry("a"))).toBe(true);
    expect(addEntry(runsDir, entry("a"))).toBe(false);
    claimEntry(runsDir, "a", "token");
    expect(addEntry(runsDir, entry("a"))).toBe(false);
  });

  test("grants an entry to one of a claim and a removal", () => {
    const runsDir = temporaryFolder();
    addEntry(runsDir, entry("a"));
    expect(claimEntry(runsDir, "a", "token")?.attempts).toBe(1);
    expect(removeEntry(runsDir, "a")).toBe(false);
    expect(claimEntry(runsDir, "a", "other")).toBeNull();
    addEntry(runsDir, entry("b"));
    expect(removeEntry(runsDir, "b")).toBe(true);
    expect(claimEntry(runsDir, "b", "token")).toBeNull();
  });

  test("puts an entry back to its place, without the claim", () => {
    const runsDir = temporaryFolder();
    for (const [id, second] of ["a", "b"].entries()) addEntry(runsDir, entry(second, `2026-01-01T00:00:0${id}.000Z`));
    const claimed = claimEntry(runsDir, "a", "token")!;
    expect(readEntry(runsDir, "a", "started")?.claim?.token).toBe("token");
    expect(putBack(runsDir, claimed, "started")).toBe(true);
    expect(ids(runsDir)).toEqual(["a waiting", "b waiting"]);
    expect(readEntry(runsDir, "a", "waiting")?.claim).toBeUndefined();
    expect(readEntry(runsDir, "a", "waiting")?.attempts).toBe(1);
  });

  test("skips what it cannot read", () => {
    const runsDir = temporaryFolder();
    addEntry(runsDir, entry("good"));
    writeFileSync(join(queueFolder(runsDir), "torn.waiting.json"), "{");
    writeFileSync(join(queueFolder(runsDir), "renamed.waiting.json"), JSON.stringify(entry("other")));
    writeFileSync(join(queueFolder(runsDir), "notes.txt"), "");
    expect(ids(runsDir)).toEqual(["good waiting"]);
    expect(readQueue(join(runsDir, "nowhere"))).toEqual([]);
  });

  test("has a limit of one until another is set", () => {
    const runsDir = temporaryFolder();
    expect(readLimit(runsDir)).toBe(1);
    writeLimit(runsDir, 3);
    expect(readLimit(runsDir)).toBe(3);
    expect(() => writeLimit(runsDir, 0)).toThrow("1 to 64");
  });

  test("grants each entry to one of several processes", async () => {
    const runsDir = temporaryFolder();
    const program = buildProgram("claim.ts", runsDir);
    const names = Array.from({ length: 40 }, (_, i) => `run-${i}`);
    for (const name of names) addEntry(runsDir, entry(name));
    const claimers = [1, 2, 3].map(() => start(process.execPath, [program, runsDir]));
    for (const { ended } of claimers) expect((await ended).code).toBe(0);
    const claimed = claimers.flatMap(({ lines }) => lines);
    expect([...claimed].sort()).toEqual([...names].sort());
  });
});

describe("queueing", () => {
  test("keeps the experiment as it was, and makes ids that differ", async () => {
    const folder = temporaryFolder();
    const runsDir = join(folder, "runs");
    const file = experiment(folder);
    const first = await enqueueStart({ runsDir, experimentFile: file, stage: "pretrain" });
    writeFileSync(file, "data:\n  path: others\n");
    const second = await enqueueStart({ runsDir, experimentFile: file, stage: "pretrain" });
    expect([first, second].map((id) => id.slice(11))).toEqual(["faces-pretrain-01", "faces-pretrain-02"]);
    const { order } = readEntry(runsDir, first, "waiting")!;
    expect(order).toMatchObject({ experimentText: "data:\n  path: images\n", experimentFile: file });
  });

  test("keeps the group that the run is put into, and lists show it there before it begins", async () => {
    const folder = temporaryFolder();
    const request = { runsDir: folder, experimentFile: experiment(folder), stage: "pretrain" } as const;
    const id = await enqueueStart({ ...request, group: "masks" });
    const [queued] = readQueue(folder);
    const seen = { now: 0, check: "unknown", motion: "unsure", experimentFile: null } as const;
    expect(runEntry(join(folder, id), null, queued!, seen).group).toBe("masks");
  });

  test("refuses an experiment with errors and shows where", async () => {
    const folder = temporaryFolder();
    const file = experiment(folder, "data:\n  path: images\n  image_size: -1\n");
    const queue = () => enqueueStart({ runsDir: folder, experimentFile: file, stage: "pretrain" });
    await expect(queue()).rejects.toThrow(`${file}:3:`);
    expect(readQueue(folder)).toEqual([]);
  });

  test("refuses an id that is taken, a finetune from nothing, and a missing file", async () => {
    const folder = temporaryFolder();
    const file = experiment(folder);
    mkdirSync(join(folder, "taken"));
    const request = { runsDir: folder, experimentFile: file, stage: "pretrain" } as const;
    await expect(enqueueStart({ ...request, id: "taken" })).rejects.toThrow("exists already");
    await enqueueStart({ ...request, id: "queued" });
    await expect(enqueueStart({ ...request, id: "queued" })).rejects.toThrow("queued already");
    await expect(enqueueStart({ ...request, stage: "finetune" })).rejects.toThrow("names no checkpoint");
    await expect(enqueueStart({ ...request, experimentFile: join(folder, "no.maskdm.yaml") })).rejects.toThrow(
      "cannot be read",
    );
  });

  test("knows the parent of a finetune by id or path", async () => {
    const folder = temporaryFolder();
    const file = experiment(folder);
    const parent = async (from: string) => {
      const id = await enqueueStart({ runsDir: folder, experimentFile: file, stage: "finetune", from });
      return parentOf(folder, readEntry(folder, id, "waiting")!);
    };
    mkdirSync(join(folder, "mother", "checkpoints", "step-00000010"), { recursive: true });
    expect(await parent("mother")).toBe("mother");
    expect(await parent("not-there-yet")).toBe("not-there-yet");
    expect(await parent(join(folder, "mother", "checkpoints", "step-00000010"))).toBe("mother");
    expect(await parent("/elsewhere/model.safetensors")).toBeNull();
  });

  test("resumes what has ended before its last step only", () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "a" });
    expect(() => enqueueResume(run.dir)).toThrow("at work already");
    run.close("stopped");
    enqueueResume(run.dir);
    enqueueResume(run.dir);
    expect(ids(runsDir)).toEqual(["a waiting"]);
    const done = openRun(runsDir, { id: "b" });
    done.close("finished");
    expect(() => enqueueResume(done.dir)).toThrow(
      `has all its 100 steps. Train it for longer with: maskdm resume ${done.dir} --steps N`,
    );
    expect(() => enqueueResume(join(runsDir, "nothing"))).toThrow("cannot be resumed");
  });

  test("resumes a run that has just stopped once its worker has noticed, and not before", async () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "a" });
    const { host, pid, processStart } = run.record;
    addEntry(runsDir, entry("a"));
    updateStarted(runsDir, { ...claimEntry(runsDir, "a", "token")!, process: { host, pid, processStart } });
    run.close("stopped");
    expect(enqueueResume(run.dir)).toBe(false);
    let worked = 0;
    await queueResume(run.dir, async () => {
      if (worked++ === 0) finishEntry(runsDir, "a");
    });
    expect(ids(runsDir)).toEqual(["a waiting"]);
    expect(worked).toBe(2);
  });

  test("a resume that is on its way already is no other one", () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "a" });
    run.close("stopped");
    addEntry(runsDir, entry("a"));
    claimEntry(runsDir, "a", "token");
    expect(enqueueResume(run.dir)).toBe(true);
    expect(ids(runsDir)).toEqual(["a started"]);
  });
});

describe("annotations", () => {
  test("are none without a file, change one by one, and keep what is not known", () => {
    const dir = temporaryFolder();
    expect(readAnnotations(dir)).toEqual({
      ok: true,
      value: { formatVersion: 1, tags: [], pinned: false, archived: false },
    });
    changeAnnotations(dir, { name: "  the good one ", tags: ["a", " b ", "a", ""], pinned: true });
    const path = join(dir, "annotations.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), colour: "red" }));
    changeAnnotations(dir, { group: "nights", note: "see below" });
    changeAnnotations(dir, { note: null, archived: true });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      formatVersion: 1,
      name: "the good one",
      tags: ["a", "b"],
      pinned: true,
      archived: true,
      group: "nights",
      colour: "red",
    });
  });

  test("that cannot be understood are left alone", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "annotations.json"), '{"formatVersion": 99}');
    expect(readAnnotations(dir).ok).toBe(false);
    expect(() => changeAnnotations(dir, { name: "x" })).toThrow("newer");
    expect(readFileSync(join(dir, "annotations.json"), "utf8")).toBe('{"formatVersion": 99}');
    expect(existsSync(join(dir, "nothing"))).toBe(false);
  });
});
