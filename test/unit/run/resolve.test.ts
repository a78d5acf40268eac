import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { resolveRun, resolveSource } from "../../../src/node/run/resolve.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { checkpointState, checkpointTensors, saveStep } from "./examples.ts";
import { openRun, temporaryFolder } from "./support.ts";

async function runWithCheckpoints() {
  const runsDir = temporaryFolder();
  const run = openRun(runsDir, { id: "faces" });
  for (const step of [10, 20]) await saveStep(run, step);
  const checkpoint = (step: number) => join(run.dir, "checkpoints", `step-000000${step}`);
  return { runsDir, run, checkpoint };
}

describe("resolveSource", () => {
  test("finds the newest checkpoint of a run by id, path, or its checkpoints folder", async () => {
    const { runsDir, run, checkpoint } = await runWithCheckpoints();
    const expected = {
      runDir: run.dir,
      checkpointDir: checkpoint(20),
      modelFile: join(checkpoint(20), "model.safetensors"),
      emaFile: join(checkpoint(20), "ema.safetensors"),
      experimentFile: join(run.dir, "experiment.maskdm.yaml"),
      step: 20,
      classes: null,
      notes: [],
    };
    const texts = ["faces", "faces/", run.dir, relative(process.cwd(), run.dir), join(run.dir, "checkpoints")];
    for (const text of texts) expect(resolveSource(text, [runsDir]), text).toEqual(expected);
  });

  test("finds a checkpoint named, by path or below a run id, and a file of weights", async () => {
    const { runsDir, run, checkpoint } = await runWithCheckpoints();
    const file = (name: string) => join(checkpoint(10), name);
    for (const text of [checkpoint(10), "faces/checkpoints/step-00000010", file("model.safetensors")]) {
      expect(resolveSource(text, [runsDir])).toMatchObject({
        runDir: run.dir,
        checkpointDir: checkpoint(10),
        modelFile: file("model.safetensors"),
        emaFile: file("ema.safetensors"),
        step: 10,
      });
    }
    const ema = file("ema.safetensors");
    expect(resolveSource(ema, [])).toMatchObject({ modelFile: ema, emaFile: ema, step: 10 });
  });

  test("takes a checkpoint or a bare file that stands outside of a run", async () => {
    const { checkpoint } = await runWithCheckpoints();
    const folder = temporaryFolder();
    const bare = join(folder, "weights.safetensors");
    copyFileSync(join(checkpoint(10), "model.safetensors"), bare);
    expect(resolveSource(bare, [])).toEqual({ modelFile: bare, step: null, classes: null, notes: [] });
    const copy = join(folder, "copy");
    mkdirSync(copy);
    for (const name of ["model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json"]) {
      copyFileSync(join(checkpoint(10), name), join(copy, name));
    }
    const source = resolveSource(copy, []);
    expect(source).toMatchObject({ checkpointDir: copy, step: 10 });
    expect(source).not.toHaveProperty("runDir");
  });

  test("knows the names of classes: the checkpoint's own, else the run's, else those in the file of weights", async () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "pets" });
    run.update({ classes: ["cat", "dog", "eel"] });
    const save = (step: number, classes?: string[]) => {
      const state = { ...checkpointState(step), ...(classes ? { classes } : {}) };
      return writeCheckpoint(run.dir, state, checkpointTensors(step));
    };
    const named = save(10, ["cat", "dog"]);
    const unnamed = save(20);
    expect(resolveSource(named, []).classes).toEqual(["cat", "dog"]);
    expect(resolveSource(unnamed, []).classes).toEqual(["cat", "dog", "eel"]);
    const folder = temporaryFolder();
    for (const [dir, classes] of [
      [named, ["cat", "dog"]],
      [unnamed, null],
    ] as const) {
      const bare = join(folder, "weights.safetensors");
      copyFileSync(join(dir, "model.safetensors"), bare);
      expect(resolveSource(bare, []).classes).toEqual(classes);
    }
    for (const content of ["", "short", Buffer.alloc(64, 255), "\x02\0\0\0\0\0\0\0[]"]) {
      writeFileSync(join(folder, "other.safetensors"), content);
      expect(resolveSource(join(folder, "other.safetensors"), []).classes).toBeNull();
    }
  });

  test("passes over a damaged newest checkpoint and says so; a damaged one named is refused", async () => {
    const { runsDir, checkpoint } = await runWithCheckpoints();
    truncateSync(join(checkpoint(20), "ema.safetensors"), 5);
    const { step, notes } = resolveSource("faces", [runsDir]);
    expect(step).toBe(10);
    expect(notes).toEqual([expect.stringMatching(/step-00000020 is damaged \(ema.safetensors holds 5 bytes.*step 10/)]);
    expect(() => resolveSource(checkpoint(20), [])).toThrow(/step-00000020 is damaged: .*Take another one/);
    rmSync(checkpoint(10), { recursive: true });
    expect(() => resolveSource("faces", [runsDir])).toThrow(/faces has no whole checkpoint.*ema.safetensors holds 5/);
  });

  test("explains what it cannot find", async () => {
    const { runsDir, run, checkpoint } = await runWithCheckpoints();
    const error = (text: string) => {
      try {
        resolveSource(text, [runsDir]);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(UserError);
        return (thrown as UserError).message;
      }
      throw new Error(`${text} was found`);
    };
    expect(error("face")).toContain(`"face" is neither a path nor the id of a run in ${runsDir} (runs there: faces)`);
    expect(error("")).toContain("neither a path nor the id");
    expect(error(join(run.dir, "run.json"))).toContain("is not a safetensors file");
    expect(error(join(checkpoint(10), "optimizer.safetensors"))).toContain("holds the optimiser's state");
    mkdirSync(join(runsDir, "pictures"));
    expect(error("pictures")).toContain("neither a run folder nor a checkpoint");
    const young = openRun(runsDir, { id: "young" });
    expect(error("young")).toContain(`${young.dir} has no whole checkpoint. It ended, or stands, before its first one`);
    expect(() => resolveSource("x", [temporaryFolder()])).toThrow(/there are no runs in it/);
  });
});

describe("resolveRun", () => {
  test("finds a run by id or path", async () => {
    const { runsDir, run } = await runWithCheckpoints();
    for (const text of ["faces", "faces/", run.dir, relative(process.cwd(), run.dir)]) {
      expect(resolveRun(text, [temporaryFolder(), runsDir])).toBe(run.dir);
    }
    expect(() => resolveRun("none", [runsDir])).toThrow(UserError);
    writeFileSync(join(runsDir, "notes.txt"), "");
    expect(() => resolveRun("notes.txt", [runsDir])).toThrow(/is not a run folder/);
  });

  test("refuses a part of a run, since the whole run would be meant", async () => {
    const { runsDir, run, checkpoint } = await runWithCheckpoints();
    for (const text of [checkpoint(10), join(checkpoint(10), "state.json"), join(run.dir, "run.json")]) {
      expect(() => resolveRun(text, [runsDir])).toThrow(`is a part of the run ${run.dir}. Name the run itself`);
    }
  });

  test("a folder of the same name that is no run does not hide the run", async () => {
    const { runsDir, run } = await runWithCheckpoints();
    const other = temporaryFolder();
    mkdirSync(join(other, "faces"));
    expect(resolveRun("faces", [other, runsDir])).toBe(run.dir);
  });
});
