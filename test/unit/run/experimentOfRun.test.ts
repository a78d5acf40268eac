/** Projects that were renamed, copied, linked or handed on: which experiment file a run belongs to, and where its weights came from. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { experimentBehind, experimentOfRun } from "../../../src/node/run/experimentOfRun.ts";
import { parentCheckpoint } from "../../../src/node/run/parentCheckpoint.ts";
import { RUN_FILE, readRun } from "../../../src/node/run/runFiles.ts";
import { createRun } from "../../../src/trainer/run/runFolder.ts";
import { newRun } from "./examples.ts";
import { temporaryFolder } from "./support.ts";

const TEXT = "data:\n  path: images\n";

interface Project {
  readonly folder: string;
  readonly runsDir?: string;
  readonly file?: string;
  readonly parent?: string;
  /** as runs were recorded before they said where the experiment is relative to them */
  readonly old?: boolean;
}

/** A project with a run "a". @returns the run's folder */
function makeProject({ folder, runsDir, file = "tiny.maskdm.yaml", parent, old = false }: Project): string {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), TEXT);
  const run = createRun(
    newRun(runsDir ?? join(folder, "runs"), {
      id: "a",
      experimentFile: join(folder, file),
      experimentText: TEXT,
      parent: parent === undefined ? null : { run: "mother", checkpoint: parent, step: 10, weights: "raw" },
    }),
  );
  run.close("stopped");
  if (old) {
    const { experimentFromRun: _, ...record } = run.record;
    const ancestor = record.parent && { ...record.parent, checkpointFromRun: undefined };
    writeFileSync(join(run.dir, RUN_FILE), JSON.stringify({ ...record, parent: ancestor }));
  }
  return run.dir;
}

function recordOf(runDir: string) {
  const read = readRun(runDir);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}

const found = (runDir: string): Promise<string> => experimentOfRun(runDir, recordOf(runDir));

describe.each([
  ["runs that say where it is relative to them", false],
  ["runs of versions before that", true],
])("the experiment of %s", (_, old) => {
  test("is found in a project that was renamed", async () => {
    const root = temporaryFolder();
    makeProject({ folder: join(root, "faces"), file: "experiments/tiny.maskdm.yaml", old });
    renameSync(join(root, "faces"), join(root, "portraits"));
    expect(await found(join(root, "portraits", "runs", "a"))).toBe(
      join(root, "portraits", "experiments", "tiny.maskdm.yaml"),
    );
  });

  test("is that of each copy's own, also where both were edited since", async () => {
    const root = temporaryFolder();
    const folder = join(root, "faces");
    const run = makeProject({ folder, old });
    cpSync(folder, join(root, "copy"), { recursive: true });
    expect(await found(run)).toBe(join(folder, "tiny.maskdm.yaml"));
    expect(await found(join(root, "copy", "runs", "a"))).toBe(join(root, "copy", "tiny.maskdm.yaml"));
    for (const name of ["faces", "copy"]) writeFileSync(join(root, name, "tiny.maskdm.yaml"), `${TEXT}seed: 3\n`);
    expect(await found(run)).toBe(join(folder, "tiny.maskdm.yaml"));
    expect(await found(join(root, "copy", "runs", "a"))).toBe(join(root, "copy", "tiny.maskdm.yaml"));
  });

  test("is found by its text where it was renamed, and not guessed where two have the text", async () => {
    const root = temporaryFolder();
    const folder = join(root, "faces");
    const run = makeProject({ folder, old });
    renameSync(join(folder, "tiny.maskdm.yaml"), join(folder, "small.maskdm.yaml"));
    expect(await found(run)).toBe(join(folder, "small.maskdm.yaml"));
    mkdirSync(join(folder, "experiments"));
    renameSync(join(folder, "small.maskdm.yaml"), join(folder, "experiments", "small.maskdm.yaml"));
    expect(await found(run)).toBe(join(folder, "experiments", "small.maskdm.yaml"));
    writeFileSync(join(folder, "other.maskdm.yaml"), TEXT);
    expect(await found(run)).toBe(join(folder, "tiny.maskdm.yaml"));
  });

  test("is found by its name where it was edited and put into a folder", async () => {
    const folder = join(temporaryFolder(), "faces");
    const run = makeProject({ folder, old });
    mkdirSync(join(folder, "experiments"));
    renameSync(join(folder, "tiny.maskdm.yaml"), join(folder, "experiments", "tiny.maskdm.yaml"));
    writeFileSync(join(folder, "experiments", "tiny.maskdm.yaml"), `${TEXT}seed: 3\n`);
    expect(await found(run)).toBe(join(folder, "experiments", "tiny.maskdm.yaml"));
  });

  test("stays where it is for runs in a folder of their own, and for a run that was put away", async () => {
    const root = temporaryFolder();
    const folder = join(root, "projects", "faces");
    const run = makeProject({ folder, runsDir: join(root, "disk", "runs"), old });
    expect(await found(run)).toBe(join(folder, "tiny.maskdm.yaml"));
    mkdirSync(join(root, "archive"));
    renameSync(run, join(root, "archive", "a"));
    expect(await found(join(root, "archive", "a"))).toBe(join(folder, "tiny.maskdm.yaml"));
  });
});

describe("a run that is reached through a link", () => {
  test("belongs to the same experiment", async () => {
    // Deep enough that what other programs have left in the system's temporary folder is no neighbour.
    const root = join(temporaryFolder(), "far", "below");
    const folder = join(root, "faces");
    mkdirSync(join(root, "disk"), { recursive: true });
    mkdirSync(folder);
    symlinkSync(join(root, "disk"), join(folder, "runs"), "junction");
    makeProject({ folder });
    symlinkSync(folder, join(root, "link"), "junction");
    symlinkSync(join(folder, "runs", "a"), join(root, "shortcut"), "junction");
    expect(recordOf(join(root, "disk", "a")).experimentFromRun).toBe("../../tiny.maskdm.yaml");
    expect(await found(join(folder, "runs", "a"))).toBe(join(folder, "tiny.maskdm.yaml"));
    expect(await found(join(root, "link", "runs", "a"))).toBe(join(root, "link", "tiny.maskdm.yaml"));
    expect(await found(join(root, "shortcut"))).toBe(join(folder, "tiny.maskdm.yaml"));
    expect(await found(join(root, "disk", "a"))).toBe(join(folder, "tiny.maskdm.yaml"));
  });

  test("says the short way where the command named the folders by different paths", () => {
    const root = temporaryFolder();
    mkdirSync(join(root, "faces"));
    symlinkSync(join(root, "faces"), join(root, "link"), "junction");
    const run = makeProject({ folder: join(root, "faces"), runsDir: join(root, "link", "runs") });
    expect(recordOf(run).experimentFromRun).toBe("../../tiny.maskdm.yaml");
  });
});

test("where there is no experiment any more, relative paths start where the project lies", async () => {
  const root = temporaryFolder();
  makeProject({ folder: join(root, "faces") });
  rmSync(join(root, "faces", "tiny.maskdm.yaml"));
  renameSync(join(root, "faces"), join(root, "portraits"));
  expect(await found(join(root, "portraits", "runs", "a"))).toBe(join(root, "portraits", "tiny.maskdm.yaml"));
});

test("the copy in a run's folder stands for the experiment that the run belongs to, any other file for itself", async () => {
  const folder = join(temporaryFolder(), "faces");
  const run = makeProject({ folder });
  expect(await experimentBehind(join(run, "experiment.maskdm.yaml"))).toBe(join(folder, "tiny.maskdm.yaml"));
  expect(await experimentBehind(join(folder, "tiny.maskdm.yaml"))).toBe(join(folder, "tiny.maskdm.yaml"));
  const plain = join(folder, "experiment.maskdm.yaml");
  writeFileSync(plain, TEXT);
  expect(await experimentBehind(plain)).toBe(plain);
});

describe("the weights that a run was finetuned from", () => {
  const WEIGHTS = ["runs", "mother", "checkpoints", "step-00000010", "model.safetensors"] as const;

  test.each([false, true])("move with the project (recorded before: %s)", (old) => {
    const root = temporaryFolder();
    const folder = join(root, "faces");
    const weights = join(folder, ...WEIGHTS);
    mkdirSync(dirname(weights), { recursive: true });
    writeFileSync(weights, "weights");
    const run = makeProject({ folder, parent: weights, old });
    expect(parentCheckpoint(run, recordOf(run).parent!)).toBe(weights);
    renameSync(folder, join(root, "portraits"));
    const moved = join(root, "portraits", "runs", "a");
    expect(parentCheckpoint(moved, recordOf(moved).parent!)).toBe(join(root, "portraits", ...WEIGHTS));
    rmSync(join(root, "portraits", "runs", "mother"), { recursive: true });
    expect(parentCheckpoint(moved, recordOf(moved).parent!)).toBe(weights);
  });
});

test("run.json names places relative to the run with /, and none where nothing is in common", () => {
  const root = temporaryFolder();
  const run = makeProject({ folder: join(root, "faces"), parent: "/elsewhere/model.safetensors" });
  const record = JSON.parse(readFileSync(join(run, RUN_FILE), "utf8")) as object;
  expect(record).toMatchObject({ experimentFromRun: "../../tiny.maskdm.yaml" });
  expect(recordOf(run).parent).not.toHaveProperty("checkpointFromRun");
});
