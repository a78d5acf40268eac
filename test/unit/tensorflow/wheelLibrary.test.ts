/** What is taken out of a wheel, with the real pip and a wheel made here. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import JSZip from "jszip";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetchLibrary, findPip } from "../../../src/trainer/tensorflow/wheelLibrary.ts";
import { WHEELS, type Wheel } from "../../../src/trainer/tensorflow/wheels.ts";
import { findPython } from "../../python/findPython.ts";

const python = findPython(["pip"]);
const signal = new AbortController().signal;

let folder: string;
let wheel: Wheel;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-wheel-"));
  for (const name of ["index", "work"]) mkdirSync(join(folder, name));
  wheel = await makeWheel(join(folder, "index"));
  vi.stubEnv("PIP_NO_INDEX", "1");
  vi.stubEnv("PIP_FIND_LINKS", join(folder, "index"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function makeWheel(index: string): Promise<Wheel> {
  const { platform } = WHEELS["linux-x64"]!;
  const tag = `cp311-cp311-${platform}`;
  const information = "maskdm_wheel_of_tests-1.0.dist-info";
  const zip = new JSZip();
  zip.file("tensorflow/libtensorflow_cc.so.2", "library");
  zip.file("tensorflow/python/other.so", "not wanted");
  zip.file("tensorflow/include/tensorflow/c/eager/c_api.h", "// eager");
  zip.file("tensorflow/include/xla/tsl/c/tsl_status.h", "// status");
  zip.file("tensorflow/include/Eigen/Core.h", "// not wanted");
  zip.file(`${information}/METADATA`, "Metadata-Version: 2.1\nName: maskdm-wheel-of-tests\nVersion: 1.0\n");
  zip.file(`${information}/WHEEL`, `Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: ${tag}\n`);
  zip.file(`${information}/RECORD`, "");
  const bytes = await zip.generateAsync({ type: "nodebuffer" });
  writeFileSync(join(index, `maskdm_wheel_of_tests-1.0-${tag}.whl`), bytes);
  return {
    project: "maskdm-wheel-of-tests",
    version: "1.0",
    platform,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    megabytes: 0,
    libraries: ["libtensorflow_cc.so.2"],
  };
}

describe.skipIf(!python.found)("a wheel", () => {
  const command = python.found ? python.command : "";
  const fetch = (changes: Partial<Wheel> = {}) =>
    fetchLibrary({ ...wheel, ...changes }, command, join(folder, "deps"), { cwd: join(folder, "work"), signal });

  it("gives the library and the headers of its C interface, and is removed", async () => {
    await fetch();
    const files = readdirSync(join(folder, "deps"), { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["libtensorflow_cc.so.2", "c_api.h", "tsl_status.h"]),
    );
    expect(files.filter((entry) => entry.isFile())).toHaveLength(3);
    expect(readFileSync(join(folder, "deps/lib/libtensorflow_cc.so.2"), "utf8")).toBe("library");
    expect(readdirSync(join(folder, "work"))).toEqual([]);
  });

  it("with another hash than the one that is written down is refused", async () => {
    await expect(fetch({ sha256: "0".repeat(64) })).rejects.toThrow(/pip could not fetch.*\n.*hash/is);
  });

  it("that no index has is named", async () => {
    await expect(fetch({ version: "2.0" })).rejects.toThrow(/pip could not fetch maskdm-wheel-of-tests 2\.0/);
  });

  it("without the library in it is refused", async () => {
    await expect(fetch({ libraries: ["libtensorflow_cc.2.dylib"] })).rejects.toThrow(/libtensorflow_cc\.2\.dylib/);
  });

  it("is fetched by the first Python that has pip", async () => {
    const missing = join(folder, "no-python");
    expect(await findPip([missing, command], { cwd: folder, signal })).toBe(command);
    await expect(findPip([missing], { cwd: folder, signal })).rejects.toThrow(
      /no-python: not found.*python3-pip.*MASKDM_PYTHON/,
    );
  });
});

it("every kind of machine has a hash of its own", () => {
  const hashes = Object.values(WHEELS).map(({ sha256 }) => sha256);
  expect(new Set(hashes).size).toBe(hashes.length);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
});
