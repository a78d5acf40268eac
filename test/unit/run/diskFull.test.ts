import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { checkCheckpoint, latestCheckpoint, listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { asDiskError, formatBytes } from "../../../src/node/run/diskError.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { readStatus } from "../../../src/node/run/status.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { type StatusReport, writeStatus } from "../../../src/trainer/run/statusWriter.ts";
import { checkpointState, checkpointTensors } from "./examples.ts";
import { buildProgram, temporaryFolder } from "./support.ts";

interface Report {
  readonly step: number;
  readonly kind: string;
  readonly message: string;
  readonly problems: readonly string[];
}

const hasNamespaces =
  process.platform === "linux" && spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

/**
 * Runs the program that fills the disk on a file system of 2 MiB, which lives and ends with the command, then copies what is on it.
 */
function fillSmallDisk(mode: string): { report: Report; runDir: string } {
  const folder = temporaryFolder();
  const [disk, copy] = [join(folder, "disk"), join(folder, "copy")];
  mkdirSync(disk);
  const script = 'mount -t tmpfs -o size=2m none "$1" && "$2" "$3" "$1/runs/full" "$4" && cp -a "$1" "$5"';
  const program = buildProgram("fill.ts", folder);
  const child = spawnSync("unshare", ["-rm", "sh", "-c", script, "sh", disk, process.execPath, program, mode, copy], {
    encoding: "utf8",
  });
  expect(child.stderr).toBe("");
  return { report: JSON.parse(child.stdout) as Report, runDir: join(copy, "runs", "full") };
}

describe.skipIf(!hasNamespaces)("a full disk (needs Linux and the right to mount a small file system)", () => {
  test("while a checkpoint is written: earlier ones are intact, nothing half is left, and it is said how to go on", () => {
    const { report, runDir } = fillSmallDisk("checkpoints");
    expect(report.kind).toBe("failure");
    expect(report.message).toMatch(
      /checkpoint of step \d+ was not written\. Cannot write \S+(safetensors|state\.json)/,
    );
    expect(report.message).toMatch(/the disk is full \(ENOSPC\)\. \S+ \w+ were needed, \S+ \w+ are free/);
    expect(report.message).toMatch(/Earlier checkpoints in \S+full\/checkpoints are intact.*maskdm resume \S+full$/);
    expect(report.step).toBeGreaterThan(2);
    const { whole, damaged } = listCheckpoints(runDir);
    expect(damaged).toEqual([]);
    expect(whole.map(({ step }) => step)).toEqual(Array.from({ length: report.step - 1 }, (_, index) => index + 1));
    for (const { dir } of whole) expect(checkCheckpoint(dir, "full").ok).toBe(true);
    expect(readRunMetrics(runDir)).toHaveLength(report.step);
    // What the checkpoint had taken was given back, so the run could still say how it ended.
    expect(report.problems).toEqual([]);
    expect(readStatus(runDir)).toMatchObject({ ok: true, value: { state: "failed", message: report.message } });
  });

  test("while metrics are written: every complete line is readable", () => {
    const { report, runDir } = fillSmallDisk("metrics");
    expect(report.kind).toBe("failure");
    expect(report.message).toMatch(/Cannot write \S+metrics\.jsonl: the disk is full.*maskdm resume/);
    expect(report.step).toBeGreaterThan(1000);
    expect(readRunMetrics(runDir)).toHaveLength(report.step - 1);
    // Not a byte is left: how it ended cannot be written, which is told and breaks nothing.
    for (const problem of report.problems) expect(problem).toMatch(/disk is full/);
    expect(readStatus(runDir).ok).toBe(true);
  });
});

test.skipIf(process.platform === "win32")(
  "a limit on the size of a file is told like a full disk (no ulimit on Windows)",
  () => {
    const folder = temporaryFolder();
    const runDir = join(folder, "runs", "limited");
    const program = buildProgram("fill.ts", folder);
    const child = spawnSync("sh", ["-c", 'ulimit -f 256; exec "$@"', "sh", process.execPath, program, runDir], {
      encoding: "utf8",
    });
    const report = JSON.parse(child.stdout) as Report;
    expect(report.message).toMatch(/larger than the system allows \(EFBIG\)/);
    expect(report.kind).toBe("failure");
    expect(latestCheckpoint(runDir)).toMatchObject({ checkpoint: { step: report.step - 1 }, passedOver: [] });
  },
);

test("every refusal has its reason", () => {
  const refusal = (code: string) => Object.assign(new Error(code), { code });
  const path = join(temporaryFolder(), "model.safetensors");
  for (const [code, reason] of [
    ["ENOSPC", "the disk is full"],
    ["EDQUOT", "the disk quota is used up"],
    ["EACCES", "permission denied"],
    ["EROFS", "the file system is read-only"],
    ["EIO", "the disk reported an error"],
  ] as const) {
    const error = asDiskError(refusal(code), { path, bytes: 3 * 2 ** 20, advice: "Then go on." });
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).kind).toBe("failure");
    expect((error as UserError).message).toContain(`Cannot write ${path}: ${reason} (${code}).`);
    expect((error as UserError).message).toMatch(/Then go on\.$/);
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    expect((error as UserError).message.includes("3.0 MiB were needed")).toBe(isFull);
  }
  const other = new TypeError("a mistake of ours");
  expect(asDiskError(other, { path })).toBe(other);
  const told = new UserError("told already");
  expect(asDiskError(told, { path })).toBe(told);
  expect([0, 1023, 1536, 5 * 2 ** 30].map(formatBytes)).toEqual(["0 bytes", "1023 bytes", "1.5 KiB", "5.0 GiB"]);
});

test("a folder that vanished, or a file where it belongs, is a clear error, too", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "checkpoints"), "a file where the folder belongs");
  const write = (runDir: string) => () => writeCheckpoint(runDir, checkpointState(1), checkpointTensors(1));
  expect(write(folder)).toThrow(UserError);
  expect(write(folder)).toThrow(/checkpoint of step 1 was not written.*a file is in the way/);
  expect(() => writeStatus(join(folder, "vanished"), report, false)).toThrow(
    /status.json: its folder does not exist \(ENOENT\)/,
  );
});

const report: StatusReport = {
  state: "running",
  step: 1,
  totalSteps: 2,
  imagesSeen: 32,
  imagesPerSecond: null,
  etaSeconds: null,
  loss: null,
  message: null,
};
