import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { parseRun } from "../../../src/core/run/record.ts";
import { parseStatus } from "../../../src/core/run/status.ts";
import { readAnnotations } from "../../../src/node/run/annotations.ts";
import { clearControl, readControl, requestStop } from "../../../src/node/run/control.ts";
import { lockHolder } from "../../../src/node/run/lock.ts";
import { currentLock } from "../../../src/node/run/lockFiles.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { configHash, readExperimentText, readRun } from "../../../src/node/run/runFiles.ts";
import { readStatus } from "../../../src/node/run/status.ts";
import { gitState } from "../../../src/trainer/run/git.ts";
import { createRun } from "../../../src/trainer/run/runFolder.ts";
import { takeRun } from "../../../src/trainer/run/takenRun.ts";
import { newRun, saveStep, stepMetrics } from "./examples.ts";
import { deadProcess, openRun, temporaryFolder } from "./support.ts";

const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const session = { command: ["maskdm", "resume"], versions: { maskdm: "0.2.0" }, backend: "tfjs" };

describe("createRun", () => {
  test("has the group and the name that were asked for from its first moment", () => {
    const { dir } = openRun(temporaryFolder(), { annotations: { group: "masks", name: "rate 0.5" } });
    expect(readAnnotations(dir)).toMatchObject({ ok: true, value: { group: "masks", name: "rate 0.5", tags: [] } });
  });

  test("lays out the folder of the contract", () => {
    const runsDir = join(temporaryFolder(), "runs");
    const run = openRun(runsDir);
    expect(run.id).toMatch(/^\d{4}-\d\d-\d\d-emoji-faces-pretrain-01$/);
    expect(run.dir).toBe(join(runsDir, run.id));
    expect(readdirSync(runsDir)).toEqual([run.id]);
    expect(readdirSync(run.dir).sort()).toEqual([
      "checkpoints",
      "experiment.maskdm.yaml",
      "lock-0001.json",
      "log.txt",
      "metrics.jsonl",
      "run.json",
      "samples",
      "status.json",
    ]);
    const text = "data:\n  path: images\n";
    expect(readExperimentText(run.dir)).toBe(text);
    expect(json(join(run.dir, "run.json"))).toMatchObject({
      formatVersion: 1,
      id: run.id,
      name: "Emoji faces",
      stage: "pretrain",
      experimentFile: expect.stringMatching(/Emoji faces\.maskdm\.yaml$/),
      command: ["maskdm", "pretrain", "Emoji faces.maskdm.yaml"],
      versions: { maskdm: "0.1.0", node: process.version },
      backend: "onnx",
      host: hostname(),
      platform: `${process.platform}-${process.arch}`,
      git: null,
      configHash: `sha256:${createHash("sha256").update(text).digest("hex")}`,
      seed: 7,
      pid: process.pid,
      parent: null,
      totalSteps: 100,
      sessions: [{ pid: process.pid, host: hostname(), fromStep: 0 }],
    });
    expect(json(join(run.dir, "status.json"))).toMatchObject({
      state: "starting",
      step: 0,
      totalSteps: 100,
      loss: null,
    });
  });

  test("numbers runs of the same day, takes a name, and refuses one that exists or will not do", () => {
    const runsDir = temporaryFolder();
    expect(openRun(runsDir).id.slice(-3)).toBe("-01");
    expect(openRun(runsDir).id.slice(-3)).toBe("-02");
    const named = openRun(runsDir, { id: "Faces" });
    expect(named.dir).toBe(join(runsDir, "Faces"));
    for (const id of ["Faces", "faces"]) {
      expect(() => createRun(newRun(runsDir, { id }))).toThrow(/Faces exists already.*--run.*maskdm resume/);
    }
    expect(() => createRun(newRun(runsDir, { id: "../faces" }))).toThrow(
      /"\.\.\/faces" cannot name a run: .*separator/,
    );
    expect(() => createRun(newRun(runsDir, { id: "nul" }))).toThrow(UserError);
    expect(readdirSync(runsDir)).toHaveLength(3);
  });

  test("removes what a killed maker left, and nothing of a living one", async () => {
    const runsDir = temporaryFolder();
    const dead = `.new-a-b-${await deadProcess()}`;
    const living = `.new-a-b-${process.ppid}`;
    for (const name of [dead, living]) mkdirSync(join(runsDir, name));
    openRun(runsDir, { id: "x" });
    expect(readdirSync(runsDir).sort()).toEqual([living, "x"]);
  });

  test("says so when the runs folder cannot be made", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "runs"), "a file");
    expect(() => createRun(newRun(join(folder, "runs")))).toThrow(/Cannot write \S+runs: a file is in the way/);
  });

  test("records the parent and the git revision", () => {
    const folder = temporaryFolder();
    const git = (...parameters: string[]) =>
      execFileSync("git", ["-C", folder, ...parameters], { encoding: "utf8" }).trim();
    git("init", "-q");
    expect(gitState(folder)).toBeNull();
    writeFileSync(join(folder, "a.maskdm.yaml"), "one");
    git("add", ".");
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "one");
    const parent = {
      run: "faces-01",
      checkpoint: "/runs/faces-01/model.safetensors",
      step: 5,
      weights: "raw" as const,
    };
    const change = { experimentFile: join(folder, "a.maskdm.yaml"), parent };
    const clean = openRun(join(folder, "runs"), change);
    expect(clean.record.git).toEqual({ revision: git("rev-parse", "HEAD"), dirty: false });
    expect(clean.record.parent).toEqual(parent);
    writeFileSync(join(folder, "a.maskdm.yaml"), "two");
    expect(openRun(join(folder, "runs"), change).record.git?.dirty).toBe(true);
  });
});

describe("RunWriter", () => {
  test("writes status, samples and log, and ends the session", () => {
    const run = openRun(temporaryFolder());
    run.status.update({
      state: "running",
      step: 3,
      imagesSeen: 96,
      loss: Number.NaN,
      etaSeconds: Number.POSITIVE_INFINITY,
    });
    expect(readStatus(run.dir)).toMatchObject({
      ok: true,
      value: { state: "running", step: 3, loss: null, etaSeconds: null },
    });
    writeFileSync(run.samplePath(1000), Uint8Array.of(1, 2));
    expect(readdirSync(join(run.dir, "samples"))).toEqual(["step-00001000.png"]);
    run.log("one\ntw\x1bo");
    expect(readFileSync(join(run.dir, "log.txt"), "utf8")).toMatch(/^\d{4}-.*Z one\n\d{4}-.*Z tw\\x1bo\n$/);
    run.update({ backend: "onnx-webgpu", versions: { backend: "onnxruntime-node 1.30.0" } });
    expect(run.close("stopped", "asked to")).toEqual([]);
    expect(run.close("failed")).toEqual([]);
    expect(readStatus(run.dir)).toMatchObject({
      ok: true,
      value: { state: "stopped", step: 3, totalSteps: 100, message: "asked to" },
    });
    const record = readRun(run.dir);
    expect(record).toMatchObject({
      ok: true,
      value: {
        backend: "onnx-webgpu",
        versions: { maskdm: "0.1.0", backend: "onnxruntime-node 1.30.0" },
        sessions: [{ endState: "stopped", backend: "onnx-webgpu", endedAt: expect.any(String) }],
      },
    });
    expect(lockHolder(run.dir)).toEqual({ held: false });
  });

  test("keeps quiet about quick steps, and renews the heartbeat by itself", () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 22) });
    try {
      const run = openRun(temporaryFolder());
      const heartbeat = () => {
        const status = readStatus(run.dir);
        return status.ok ? Date.parse(status.value.heartbeat) - Date.UTC(2026, 10, 22) : Number.NaN;
      };
      const step = () => {
        const status = readStatus(run.dir);
        return status.ok ? status.value.step : Number.NaN;
      };
      run.status.update({ state: "running" });
      run.status.update({ step: 1 });
      expect(step()).toBe(0);
      vi.advanceTimersByTime(500);
      run.status.update({ step: 2 });
      expect(step()).toBe(2);
      vi.advanceTimersByTime(20_000);
      expect(heartbeat()).toBeGreaterThanOrEqual(15_000);
      run.status.abandon();
      const last = heartbeat();
      vi.advanceTimersByTime(20_000);
      expect(heartbeat()).toBe(last);
    } finally {
      vi.useRealTimers();
    }
  });

  test("obeys the control file, whoever wrote it, and ignores nonsense in it", () => {
    const run = openRun(temporaryFolder());
    expect(run.stopRequested()).toBe(false);
    requestStop(run.dir);
    expect(run.stopRequested()).toBe(true);
    writeFileSync(join(run.dir, "control.json"), '{"command":"stop"}');
    expect(run.stopRequested()).toBe(true);
    for (const text of ["", "stop", '{"command":"explode"}', "[]"]) {
      writeFileSync(join(run.dir, "control.json"), text);
      expect(readControl(run.dir)).toBeNull();
    }
    run.close("stopped");
    expect(existsSync(join(run.dir, "control.json"))).toBe(false);
    clearControl(run.dir);
  });
});

describe("takeRun", () => {
  test("goes on from the newest whole checkpoint and voids the metrics beyond it", async () => {
    const first = openRun(temporaryFolder());
    for (const step of [1, 2, 3, 4]) {
      first.metrics.append(stepMetrics(step));
      if (step % 2 === 0) await saveStep(first, step);
    }
    first.metrics.append(stepMetrics(5));
    await expect(takeRun(first.dir)).rejects.toThrow(/is being written by/);
    first.close("stopped");
    requestStop(first.dir); // came too late for the first session
    writeFileSync(join(first.dir, ".status.json.tmp-99-1"), "left by a kill");
    truncateSync(join(first.dir, "checkpoints", "step-00000004", "model.safetensors"), 8);
    const taken = await takeRun(first.dir);
    const { checkpoint, notes } = taken;
    expect(readStatus(first.dir)).toMatchObject({ ok: true, value: { state: "stopped" } });
    const run = taken.begin(session);
    expect(checkpoint?.step).toBe(2);
    expect(notes).toEqual([expect.stringMatching(/step-00000004 is damaged .*step 2 is taken instead/)]);
    expect(run.stopRequested()).toBe(false);
    expect(existsSync(join(run.dir, ".status.json.tmp-99-1"))).toBe(false);
    expect(readStatus(run.dir)).toMatchObject({ ok: true, value: { state: "starting", step: 2, imagesSeen: 64 } });
    expect(readRunMetrics(run.dir).map(({ step }) => step)).toEqual([1, 2]);
    expect(run.record).toMatchObject({
      backend: "tfjs",
      versions: { maskdm: "0.2.0", node: process.version },
      command: ["maskdm", "pretrain", "Emoji faces.maskdm.yaml"],
      sessions: [
        { fromStep: 0, endState: "stopped" },
        { fromStep: 2, command: ["maskdm", "resume"], backend: "tfjs" },
      ],
    });
    await saveStep(run, 4);
    run.close("finished");
    const again = await takeRun(first.dir);
    expect(again.checkpoint?.step).toBe(4);
    expect(again.notes).toEqual([]);
    again.begin(session).close("finished");
  });

  test("begins at step 0 without a checkpoint", async () => {
    const first = openRun(temporaryFolder());
    first.metrics.append(stepMetrics(1));
    first.close("failed", "no");
    rmSync(join(first.dir, "checkpoints"), { recursive: true });
    const taken = await takeRun(first.dir);
    expect(taken.checkpoint).toBeNull();
    const run = taken.begin(session);
    expect(readRunMetrics(run.dir)).toEqual([]);
    await saveStep(run, 1);
    run.close("stopped");
  });

  test("keeps fields of run.json that it does not know", async () => {
    const first = openRun(temporaryFolder());
    first.close("stopped");
    const path = join(first.dir, "run.json");
    writeFileSync(path, JSON.stringify({ ...(json(path) as object), cluster: { nodes: 4 } }));
    (await takeRun(first.dir)).begin(session).close("stopped");
    expect(json(path)).toMatchObject({ cluster: { nodes: 4 } });
  });

  test("refuses what is no run, and releases the lock when it fails", async () => {
    const folder = temporaryFolder();
    await expect(takeRun(folder)).rejects.toThrow(/is not a run that can be resumed: run.json is missing/);
    const run = openRun(folder);
    run.close("stopped");
    rmSync(join(run.dir, "metrics.jsonl"));
    mkdirSync(join(run.dir, "metrics.jsonl"));
    const taken = await takeRun(run.dir);
    expect(() => taken.begin(session)).toThrow();
    taken.release("metrics.jsonl is a folder");
    expect(lockHolder(run.dir)).toEqual({ held: false });
  });

  test("a resume that does not begin leaves the run as it was, but for a line in its log", async () => {
    const first = openRun(temporaryFolder());
    await saveStep(first, 2);
    first.metrics.append(stepMetrics(3));
    first.close("finished", "finished 2 steps");
    const read = () => ["run.json", "status.json", "metrics.jsonl"].map((name) => readFileSync(join(first.dir, name)));
    const before = read();
    const taken = await takeRun(first.dir);
    expect(lockHolder(first.dir)).toMatchObject({ held: true });
    taken.release("there are no images in \u001b[31mred");
    expect(read()).toEqual(before);
    expect(lockHolder(first.dir)).toEqual({ held: false });
    expect(readFileSync(join(first.dir, "log.txt"), "utf8")).toMatch(
      /Z a resume did not begin: there are no images in \\x1b\[31mred\n$/,
    );
  });

  test("shows that it lives while it has not begun", async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 22) });
    try {
      const first = openRun(temporaryFolder());
      first.close("stopped");
      const taken = await takeRun(first.dir);
      vi.advanceTimersByTime(50_000);
      expect(Date.parse(currentLock(first.dir)!.acquiredAt)).toBeGreaterThan(Date.UTC(2026, 10, 22) + 30_000);
      taken.release("enough");
      vi.advanceTimersByTime(50_000);
      expect(currentLock(first.dir)).toMatchObject({ released: true });
    } finally {
      vi.useRealTimers();
    }
  });

  test("records what a resume changes beside what was before, with the hash of the new text", async () => {
    const first = openRun(temporaryFolder(), { changes: [{ key: "pretrain.lr", from: "1e-3", to: "5e-4" }] });
    first.close("stopped");
    const before = first.record.configHash;
    const experimentText = "data:\n  path: images\npretrain:\n  lr: 1e-4\n";
    const changes = [{ key: "pretrain.lr", from: "5e-4", to: "1e-4" }];
    const run = (await takeRun(first.dir)).begin(session, { experimentText, totalSteps: 50, changes });
    run.close("stopped");
    expect(readExperimentText(run.dir)).toBe(experimentText);
    expect(run.record).toMatchObject({
      totalSteps: 50,
      configHash: configHash(experimentText),
      sessions: [
        { configHash: before, changes: [{ key: "pretrain.lr", from: "1e-3", to: "5e-4" }] },
        { configHash: configHash(experimentText), changes },
      ],
    });
    expect(readStatus(run.dir)).toMatchObject({ value: { totalSteps: 50 } });
  });
});

describe("reading documents", () => {
  test("says what is wrong", () => {
    expect(parseRun("")).toEqual({ ok: false, reason: "is empty" });
    expect(parseRun("{")).toEqual({ ok: false, reason: "is not valid JSON" });
    expect(parseStatus('{"formatVersion": 9}')).toMatchObject({
      reason: expect.stringMatching(/run format 9, newer.*update MaskDM/),
    });
    expect(parseStatus('{"formatVersion": 1}')).toMatchObject({ reason: expect.stringMatching(/^field state: /) });
    expect(parseStatus("null")).toMatchObject({ ok: false });
  });
});
