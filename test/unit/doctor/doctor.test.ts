/** `maskdm doctor` as a process, with all its libraries and with none. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkFolder } from "../../../src/trainer/doctor/folders.ts";
import { type DoctorReport, type Finding, reportOf } from "../../../src/trainer/doctor/report.ts";
import { BACKEND_NAMES } from "../../../src/trainer/engine/tryBackend.ts";
import { tensorflowFolder } from "../../../src/trainer/tensorflow/tensorflowFolder.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-doctor-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  // A package of the PyTorch engine beside the programs, and a Python that has no PyTorch.
  symlinkSync(resolve("src"), join(folder, "src"), "junction");
  execFileSync(process.execPath, ["esbuild.config.mjs", join(folder, "dist")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function doctor(...args: string[]) {
  const program = join(folder, "dist", "maskdm.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "doctor", ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("doctor", () => {
  it("ends with 1 where no backend works, and says of each why and what to do", () => {
    const { status, stdout, stderr } = doctor("--json");
    const report = JSON.parse(stdout) as DoctorReport;
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(report).toMatchObject({ ok: false, auto: null, images: { works: false } });
    expect(report.backends.map(({ name }) => name)).toEqual([...BACKEND_NAMES]);
    for (const { name, works, reason, remedy } of report.backends) {
      expect(works, name).toBe(false);
      expect(reason, name).toMatch(/onnxruntime-node|tfjs|kernels/);
      expect(remedy, name).toMatch(/npm|--install-tensorflow|engine\.backend/);
    }
    const text = doctor();
    expect(text.status).toBe(1);
    expect(text.stdout).toContain("None works");
  });

  it("prints each finding as soon as it is known, as lines that make the same report, and ends its trial when it is ended", async () => {
    const program = join(folder, "dist", "maskdm.js");
    const child = spawn(process.execPath, [program, "doctor", "--json-lines"], { cwd: folder });
    const findings: Finding[] = [];
    let rest = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop()!;
      findings.push(...lines.map((line) => JSON.parse(line) as Finding));
      if (findings.some(({ kind }) => kind === "trying")) break;
    }
    // Nothing was tried yet, and this is known.
    expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["machine", "folders", "images"]));
    expect(findings.map(({ kind }) => kind)).not.toContain("verdict");
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(1);

    const { stdout } = doctor("--json-lines");
    const all = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Finding);
    expect(all.map(({ kind }) => kind)).toEqual([
      ...["machine", "folders", "images"],
      ...BACKEND_NAMES.flatMap(() => ["trying", "backend"]),
      ...["trying", "torch", "verdict"],
    ]);
    const { freeMemoryBytes: _, ...machine } = reportOf(all)!.machine;
    expect(JSON.parse(doctor("--json").stdout)).toMatchObject({
      ...reportOf(all),
      machine,
      runsFolder: {},
      cacheFolder: {},
    });
    expect(reportOf(findings)).toBeNull();
    expect(doctor("--json", "--json-lines").status).toBe(2);
  });

  it("ends with 0 where one works, and says which one auto takes", () => {
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
    const { status, stdout, stderr } = doctor();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/works {2}onnx +onnxruntime-node \S+, \d+ threads?: \S+ ms for a tiny training step/);
    expect(stdout).toMatch(/works {2}tfjs-wasm +tfjs-backend-wasm \S+, 1 thread: .*, differs from the first by \de-\d/);
    expect(stdout).toContain("engine.backend: auto takes onnx.");
    // In the user's folder alone, with a copy of tfjs-core of its own.
    if (existsSync(tensorflowFolder())) {
      expect(stdout).toMatch(
        /works {2}tfjs-node +tfjs-node \S+ on TensorFlow \S+, .*, differs from the first by \de-\d/,
      );
    } else {
      expect(stdout).toMatch(/NO {5}tfjs-node .*\n +`maskdm doctor --install-tensorflow`/);
    }
    expect(stdout).toMatch(/works {2}sharp \d/);
    expect(stdout).toMatch(/works {2}runs .*not there yet, can be made/);
  });
});

it("an installation of TensorFlow that fails ends with 1 at once, says why and leaves nothing behind", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, "dist", "maskdm.js"), "doctor", "--install-tensorflow"],
    // Without npm.
    {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
      env: { PATH: "", XDG_DATA_HOME: join(folder, "data"), HOME: folder },
    },
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^error: npm is not found\..*https:\/\/nodejs\.org/m);
  expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes(".installing"))).toEqual([]);
});

describe("a folder", () => {
  it("is found writable without leaving anything behind", () => {
    const runs = join(folder, "runs");
    mkdirSync(runs);
    expect(checkFolder(runs)).toMatchObject({ path: runs, exists: true, writable: true, reason: null });
    expect(checkFolder(join(runs, "deep", "below"))).toMatchObject({ exists: false, writable: true });
    expect(checkFolder(runs).freeBytes).toBeGreaterThan(0);
    rmdirSync(runs); // fails if anything is left in it
  });

  it("below a file cannot be made", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(checkFolder(join(file, "runs"))).toMatchObject({
      exists: false,
      writable: false,
      reason: expect.stringContaining(file),
    });
  });

  it("without permission to write is named", (test) => {
    const locked = join(folder, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const { writable, reason } = checkFolder(locked);
    // The administrator may write anywhere, and so may everybody on Windows as far as chmod goes.
    if (writable) return test.skip("permissions do not bind this user");
    expect(reason).toBe(`${locked}: permission denied`);
  });
});
