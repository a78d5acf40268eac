/** What a Python says of itself, with a PyTorch that the test makes up. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { torchAboutSchema } from "../../../src/core/torch/about.ts";
import { findPython } from "../../python/findPython.ts";

const python = findPython();
const DRIVER = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  450.80.02  Release Build\n";

describe.skipIf(!python.found)("a Python", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "maskdm-about-"));
    writeFileSync(join(folder, "driver"), DRIVER);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** @param code of the package torch; null: there is none. @returns what the engine's package says */
  function about(code: string | null, version = "2.9.0") {
    const site = mkdtempSync(join(folder, "site-"));
    const packages = ["numpy", "safetensors", "yaml", "PIL", ...(code === null ? [] : ["torch"])];
    for (const name of packages) {
      mkdirSync(join(site, name));
      writeFileSync(join(site, name, "__init__.py"), name === "torch" ? `__version__ = "${version}"\n${code}` : "");
    }
    mkdirSync(join(site, `torch-${version}.dist-info`));
    writeFileSync(
      join(site, `torch-${version}.dist-info/METADATA`),
      `Metadata-Version: 2.1\nName: torch\nVersion: ${version}\n`,
    );
    const ask = [
      "import json, sys",
      `sys.path[:] = [${JSON.stringify(site)}, ${JSON.stringify(join(ROOT, "src/torch"))}] + [p for p in sys.path if "site-packages" not in p]`,
      "from maskdm_torch import about",
      `about.nvidia_driver.__defaults__ = (${JSON.stringify(join(folder, "driver"))},)`,
      "print(json.dumps(about.about()))",
    ].join("\n");
    const { stdout, stderr } = spawnSync(python.found ? python.command : "", ["-I", "-B", "-c", ask], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return torchAboutSchema.parse(JSON.parse(stdout));
  }

  const cuda = (built: string | null, rest: string): string => `
class version: cuda = ${built === null ? "None" : JSON.stringify(built)}
class cuda:
${rest.replace(/^/gm, "    ")}
`;

  it("without PyTorch, or with one that is too old or does not load, says how to get it", () => {
    const without = about(null);
    expect(without).toMatchObject({
      torch: null,
      devices: [],
      problem: { reason: expect.stringContaining("has no torch") },
    });
    expect(without.problem?.remedy).toMatch(/--install-torch` installs what is needed.*-m pip install torch$/);
    expect(about("", "2.3.1").problem?.reason).toMatch(/^PyTorch 2\.3\.1 of .* is too old; 2\.4 or later is needed$/);
    const broken = about('raise OSError("libfoo.so: cannot open")').problem;
    expect(broken?.reason).toContain("does not load (libfoo.so: cannot open)");
  });

  it("with cards names them", () => {
    const card = "class P: name = 'Some GPU'; total_memory = 2**34";
    const found = about(
      cuda(
        "12.6",
        `${card}\nis_available = lambda: True\ndevice_count = lambda: 2\nget_device_properties = lambda i: cuda.P`,
      ),
    );
    expect(found).toMatchObject({ problem: null, noDevice: null, torch: "2.9.0" });
    expect(found.devices).toEqual(Array(2).fill({ kind: "cuda", name: "Some GPU", memoryBytes: 2 ** 34 }));
  });

  it("on a Mac names its chip", () => {
    const { devices, noDevice } = about("class backends:\n    class mps: is_available = lambda: True");
    expect(noDevice).toBeNull();
    expect(devices).toEqual([
      { kind: "metal", name: expect.stringMatching(/^.+ \(Metal\)$/), memoryBytes: expect.any(Number) },
    ]);
  });

  it("with a card that PyTorch cannot use says why, and what to do", () => {
    const none = "is_available = lambda: False";
    const unbuilt = about(cuda(null, none), "2.9.0+cpu").noDevice;
    expect(unbuilt?.reason).toBe(
      "there is an NVIDIA card (driver 450.80.02), but PyTorch 2.9.0+cpu is a build without CUDA",
    );
    expect(unbuilt?.remedy).toContain("--install-torch");
    const old = `${none}\ndef init(): raise RuntimeError("The NVIDIA driver on your system is too old (found version 11000).")`;
    expect(about(cuda("12.6", old)).noDevice).toEqual({
      reason: "driver 450.80.02 of the NVIDIA card is too old for CUDA 12.6 of PyTorch 2.9.0",
      remedy: "Update the driver, or let `maskdm doctor --install-torch` install a PyTorch for it.",
    });
  });
});
