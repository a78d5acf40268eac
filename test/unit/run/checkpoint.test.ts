import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { checkpointName, checkpointStep } from "../../../src/core/run/checkpointState.ts";
import {
  checkCheckpoint,
  latestCheckpoint,
  listCheckpoints,
  passedOverNotes,
} from "../../../src/node/run/checkpoints.ts";
import {
  cleanCheckpointLeftovers,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from "../../../src/trainer/run/checkpoint.ts";
import { checkpointState, checkpointTensors } from "./examples.ts";
import { temporaryFolder } from "./support.ts";

const write = (runDir: string, step: number) => writeCheckpoint(runDir, checkpointState(step), checkpointTensors(step));
const steps = (runDir: string) => listCheckpoints(runDir).whole.map(({ step }) => step);
const folders = (runDir: string) => readdirSync(join(runDir, "checkpoints")).sort();

/** Changes one bit of a file, its size kept. */
function flipBit(path: string): void {
  const bytes = readFileSync(path);
  const last = bytes.length - 1;
  bytes[last] = bytes[last]! ^ 1;
  writeFileSync(path, bytes);
}

describe("names", () => {
  test("carry the step in 8 digits or more", () => {
    expect(checkpointName(1000)).toBe("step-00001000");
    for (const step of [0, 7, 99_999_999, 1_000_000_000]) expect(checkpointStep(checkpointName(step))).toBe(step);
    for (const name of ["step-1000", ".step-00001000.tmp-7", "step-00001000.tmp-7", "step-0000100x", "00001000"]) {
      expect(checkpointStep(name)).toBeNull();
    }
  });
});

describe("writeCheckpoint and readCheckpoint", () => {
  test("give tensors and state back", () => {
    const runDir = temporaryFolder();
    const dir = write(runDir, 1000);
    expect(dir).toBe(join(runDir, "checkpoints", "step-00001000"));
    expect(folders(runDir)).toEqual(["step-00001000"]);
    expect(readdirSync(dir).sort()).toEqual([
      "ema.safetensors",
      "model.safetensors",
      "optimizer.safetensors",
      "state.json",
    ]);
    const { state, tensors } = readCheckpoint(dir, ["raw", "optimizer"]);
    expect(state).toMatchObject({ ...checkpointState(1000), formatVersion: 1 });
    expect([...tensors.raw.keys()]).toEqual(["encoder.norm.weight", "encoder.norm.bias"]);
    expect(tensors.optimizer.get("exp_avg.encoder.norm.weight")!.data).toEqual(new Float32Array(64).fill(1000));
    expect(Object.keys(tensors)).toEqual(["raw", "optimizer"]);
  });

  test("keep a whole checkpoint of the same step and replace a damaged one", () => {
    const runDir = temporaryFolder();
    const dir = write(runDir, 5);
    const before = readFileSync(join(dir, "state.json"), "utf8");
    write(runDir, 5);
    expect(readFileSync(join(dir, "state.json"), "utf8")).toBe(before);
    flipBit(join(dir, "ema.safetensors"));
    expect(checkCheckpoint(dir, "full").ok).toBe(false);
    expect(write(runDir, 5)).toBe(dir);
    expect(checkCheckpoint(dir, "full").ok).toBe(true);
    expect(folders(runDir)).toEqual(["step-00000005"]);
  });

  test("report progress, for the heartbeat", () => {
    let calls = 0;
    writeCheckpoint(temporaryFolder(), checkpointState(1), checkpointTensors(1), () => calls++);
    expect(calls).toBeGreaterThanOrEqual(6);
  });

  test("leave nothing behind when a tensor is wrong", () => {
    const runDir = temporaryFolder();
    write(runDir, 1);
    const tensors = { ...checkpointTensors(2), ema: [{ name: "x", shape: [3], data: new Float32Array(2) }] };
    expect(() => writeCheckpoint(runDir, checkpointState(2), tensors)).toThrow(RangeError);
    expect(folders(runDir)).toEqual(["step-00000001"]);
  });
});

describe("damage", () => {
  const ways: [what: string, damage: (dir: string) => void, reason: RegExp][] = [
    ["state.json missing", (dir) => rmSync(join(dir, "state.json")), /state.json is missing/],
    ["state.json empty", (dir) => writeFileSync(join(dir, "state.json"), ""), /state.json is empty/],
    ["state.json torn", (dir) => truncateSync(join(dir, "state.json"), 40), /state.json is not valid JSON/],
    ["state.json of nothing", (dir) => writeFileSync(join(dir, "state.json"), "{}"), /state.json field formatVersion/],
    [
      "state.json of a newer version",
      (dir) => writeFileSync(join(dir, "state.json"), '{"formatVersion": 2}'),
      /run format 2, newer than the 1/,
    ],
    ["a file missing", (dir) => rmSync(join(dir, "ema.safetensors")), /ema.safetensors is missing/],
    [
      "a file cut short",
      (dir) => truncateSync(join(dir, "model.safetensors"), 100),
      /model.safetensors holds 100 bytes of/,
    ],
    [
      "a file too long",
      (dir) => appendFileSync(join(dir, "optimizer.safetensors"), "x"),
      /optimizer.safetensors holds/,
    ],
    ["a bit flipped", (dir) => flipBit(join(dir, "model.safetensors")), /model.safetensors has another checksum/],
  ];
  test.each(ways)("%s: the one before is taken, and it is said why", (_, damage, reason) => {
    const runDir = temporaryFolder();
    write(runDir, 10);
    const dir = write(runDir, 20);
    expect(latestCheckpoint(runDir).checkpoint?.step).toBe(20);
    damage(dir);
    const { checkpoint, passedOver } = latestCheckpoint(runDir);
    expect(checkpoint?.step).toBe(10);
    expect(passedOver).toHaveLength(1);
    expect(passedOver[0]!.reason).toMatch(reason);
    expect(passedOverNotes(passedOver, checkpoint)[0]).toMatch(
      /step-00000020 is damaged \(.*\); step 10 is taken instead/,
    );
    expect(() => readCheckpoint(dir, ["raw", "ema", "optimizer"])).toThrow(UserError);
    expect(() => readCheckpoint(dir, ["raw", "ema", "optimizer"])).toThrow(dir);
  });

  test("a folder under the name of another step is damaged", () => {
    const runDir = temporaryFolder();
    const dir = write(runDir, 10);
    mkdirSync(join(runDir, "checkpoints", "step-00000030"));
    for (const name of readdirSync(dir)) {
      writeFileSync(join(runDir, "checkpoints", "step-00000030", name), readFileSync(join(dir, name)));
    }
    expect(latestCheckpoint(runDir)).toMatchObject({ checkpoint: { step: 10 }, passedOver: [{ step: 30 }] });
  });

  test("none whole, or none at all, is an answer and not an error", () => {
    const runDir = temporaryFolder();
    expect(latestCheckpoint(runDir)).toEqual({ checkpoint: null, passedOver: [] });
    mkdirSync(join(runDir, "checkpoints", "step-00000010"), { recursive: true });
    writeFileSync(join(runDir, "checkpoints", "step-00000020"), "a file");
    const { checkpoint, passedOver } = latestCheckpoint(runDir);
    expect(checkpoint).toBeNull();
    expect(passedOver.map(({ step }) => step)).toEqual([20, 10]);
    expect(passedOverNotes(passedOver, null)[1]).toMatch(/no earlier one is whole/);
  });
});

describe("pruneCheckpoints", () => {
  test("keeps the newest and every J-th", () => {
    const runDir = temporaryFolder();
    for (let step = 1; step <= 9; step++) write(runDir, step);
    const removed = pruneCheckpoints(runDir, { keep: 2, keepEvery: 3 });
    expect(removed.map((dir) => checkpointStep(dir.slice(-13)))).toEqual([1, 2, 4, 5, 7]);
    expect(steps(runDir)).toEqual([3, 6, 8, 9]);
    expect(pruneCheckpoints(runDir, { keep: 1, keepEvery: null })).toHaveLength(3);
    expect(steps(runDir)).toEqual([9]);
    expect(folders(runDir)).toEqual(["step-00000009"]);
  });

  test("never removes the newest whole one, nor counts damaged ones", () => {
    const runDir = temporaryFolder();
    for (const step of [1, 2, 3]) write(runDir, step);
    truncateSync(join(runDir, "checkpoints", "step-00000003", "model.safetensors"), 10);
    pruneCheckpoints(runDir, { keep: 0, keepEvery: null });
    expect(latestCheckpoint(runDir).checkpoint?.step).toBe(2);
    expect(folders(runDir)).toEqual(["step-00000002", "step-00000003"]);
  });
});

test("leftovers of killed writers are removed, and only those", () => {
  const runDir = temporaryFolder();
  write(runDir, 1);
  const parent = join(runDir, "checkpoints");
  for (const name of [".step-00000002.tmp-123", ".step-00000001.trash-9", ".step-notes", "mine"]) {
    mkdirSync(join(parent, name));
    writeFileSync(join(parent, name, "model.safetensors"), "half");
  }
  expect(cleanCheckpointLeftovers(runDir)).toHaveLength(2);
  expect(folders(runDir)).toEqual([".step-notes", "mine", "step-00000001"]);
  expect(existsSync(join(parent, "step-00000001", "state.json"))).toBe(true);
  expect(cleanCheckpointLeftovers(temporaryFolder())).toEqual([]);
});
