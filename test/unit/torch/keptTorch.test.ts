/** What was found out about a Python, and when it does not hold any more. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mayHaveDevice } from "../../../src/node/torch/deviceSigns.ts";
import { hasDevice, keepTorch, keptTorch, type TorchAnswer } from "../../../src/node/torch/keptTorch.ts";
import { pythonOf, torchFolder, torchPythons } from "../../../src/node/torch/torchFolder.ts";
import type { Surroundings } from "../../../src/node/userFolder.ts";

let folder: string;
let at: Surroundings;
let python: string;
let answer: Extract<TorchAnswer, { answered: true }>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-kept-"));
  at = { platform: "linux", arch: "x64", env: { XDG_DATA_HOME: join(folder, "data") }, home: folder };
  python = join(folder, "python");
  writeFileSync(python, "");
  chmodSync(python, 0o755);
  const sitePackages = [join(folder, "site-packages")];
  mkdirSync(sitePackages[0]!);
  const devices = [{ kind: "cuda", name: "Some GPU", memoryBytes: 2 ** 34 }] as const;
  const versions = { maskdmTorch: "0.1.0", python: "3.12.1", torch: "2.9.0" };
  answer = {
    answered: true,
    about: { ...versions, executable: python, sitePackages, devices: [...devices], problem: null, noDevice: null },
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("what a Python answered", () => {
  it("is kept for it alone", () => {
    expect(keptTorch(python, at)).toBeNull();
    keepTorch(python, answer, at);
    expect(keptTorch(python, at)).toEqual(answer);
    expect(keptTorch(join(folder, "other"), at)).toBeNull();
    expect(hasDevice(keptTorch(python, at))).toBe(true);
  });

  it("is forgotten when something is installed, the Python is another, or cards are hidden", () => {
    const changes: (() => Surroundings)[] = [
      () => {
        utimesSync(join(folder, "site-packages"), 1, 1);
        return at;
      },
      () => {
        appendFileSync(python, "another");
        utimesSync(python, 2, 2);
        return at;
      },
      () => ({ ...at, env: { ...at.env, CUDA_VISIBLE_DEVICES: "", PYTHONPATH: "/elsewhere" } }),
    ];
    for (const change of changes) {
      keepTorch(python, answer, at);
      expect(keptTorch(python, at)).toEqual(answer);
      expect(keptTorch(python, change())).toBeNull();
    }
  });

  it("is forgotten when Windows has another driver", () => {
    const env = { SystemRoot: folder, LOCALAPPDATA: join(folder, "data") };
    const windows: Surroundings = { ...at, platform: "win32", env };
    mkdirSync(join(folder, "System32"));
    const driver = join(folder, "System32", "nvcuda.dll");
    writeFileSync(driver, "");
    keepTorch(python, answer, windows);
    expect(keptTorch(python, windows)).toEqual(answer);
    utimesSync(driver, 1, 1);
    expect(keptTorch(python, windows)).toBeNull();
  });

  it("is kept where it names a folder that nobody can look into", () => {
    const loop = join(folder, "loop");
    symlinkSync(loop, loop);
    answer.about.sitePackages.push(loop);
    keepTorch(python, answer, at);
    expect(keptTorch(python, at)).toEqual(answer);
  });

  it("is nothing where the file is none of ours", () => {
    keepTorch(python, { answered: false, reason: "it is none" }, at);
    expect(hasDevice(keptTorch(python, at))).toBe(false);
    const kept = join(folder, "data/maskdm-studio/torch");
    expect(readdirSync(kept)).toEqual(["pythons.json"]);
    writeFileSync(join(kept, "pythons.json"), '{ "formatVersion": 1, "pythons": [{ "key": 1 }, null] }');
    expect(keptTorch(python, at)).toBeNull();
  });
});

it("the installed Python comes before the PATH's, and one that is named is the only one", () => {
  expect(torchPythons(at)).toEqual(["python3", "python"]);
  const installed = pythonOf(torchFolder(at), "linux");
  mkdirSync(join(installed, ".."), { recursive: true });
  writeFileSync(installed, "");
  expect(torchPythons(at)).toEqual([installed, "python3", "python"]);
  expect(torchPythons({ ...at, env: { ...at.env, MASKDM_PYTHON: "/some/python" } })).toEqual(["/some/python"]);
});

it("a device is looked for only where there is a sign of one", () => {
  const root = join(folder, "root");
  expect(mayHaveDevice(at, root)).toBe(false);
  mkdirSync(join(root, "dev"), { recursive: true });
  writeFileSync(join(root, "dev/nvidiactl"), "");
  expect(mayHaveDevice(at, root)).toBe(true);
  expect(mayHaveDevice({ ...at, platform: "darwin", arch: "arm64" }, root)).toBe(true);
  expect(mayHaveDevice({ ...at, platform: "darwin", arch: "x64" }, root)).toBe(false);
  const windows = { ...at, platform: "win32", env: { SystemRoot: root } } as const;
  expect(mayHaveDevice(windows)).toBe(false);
  mkdirSync(join(root, "System32"));
  writeFileSync(join(root, "System32/nvcuda.dll"), "");
  expect(mayHaveDevice(windows)).toBe(true);
});
