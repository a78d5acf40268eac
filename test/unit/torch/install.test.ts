/** The installation of PyTorch, by the real venv and pip, from a folder of wheels that the test makes up: nothing is downloaded. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import JSZip from "jszip";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pythonOf, torchFolder } from "../../../src/node/torch/torchFolder.ts";
import { installTorch } from "../../../src/trainer/torch/install.ts";
import { findPython } from "../../python/findPython.ts";

const python = findPython(["venv", "ensurepip", "pip"]);

/** A wheel with one module; enough for what looks whether it is there. */
async function writeWheel(folder: string, project: string, module: string, code: string): Promise<void> {
  const info = `${project}-9.0.dist-info`;
  const zip = new JSZip();
  zip.file(`${module}/__init__.py`, code);
  zip.file(`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${project}\nVersion: 9.0\n`);
  zip.file(`${info}/WHEEL`, "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
  zip.file(`${info}/RECORD`, `${module}/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`);
  writeFileSync(join(folder, `${project}-9.0-py3-none-any.whl`), await zip.generateAsync({ type: "nodebuffer" }));
}

const TORCH = '__version__ = "9.0"\nclass cuda:\n    is_available = lambda: False\nclass version:\n    cuda = None\n';
const OTHERS = { numpy: "numpy", safetensors: "safetensors", pyyaml: "yaml", pillow: "PIL" } as const;

describe.skipIf(!python.found || process.platform === "win32")("an installation of PyTorch", () => {
  let data: string;
  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), "maskdm-torch-"));
    const wheels = join(data, "wheels");
    mkdirSync(wheels);
    await writeWheel(wheels, "torch", "torch", TORCH);
    for (const [project, module] of Object.entries(OTHERS)) await writeWheel(wheels, project, module, "");
    vi.stubEnv("XDG_DATA_HOME", join(data, "data"));
    vi.stubEnv("MASKDM_PYTHON", python.found ? python.command : "");
    vi.stubEnv("PIP_CONFIG_FILE", "/dev/null");
    vi.stubEnv("PIP_NO_INDEX", "1");
    vi.stubEnv("PIP_FIND_LINKS", wheels);
    // Without uv, which has settings of its own.
    vi.stubEnv("PATH", "/usr/bin:/bin");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(data, { recursive: true, force: true });
  });

  const install = async (agrees: boolean) => {
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const signal = new AbortController().signal;
    const done = await installTorch({ folder: torchFolder(), say, confirm: async () => agrees, signal });
    return { done, said };
  };

  it("says what it fetches and how large, fetches nothing before that is agreed to, and is there afterwards", async () => {
    const refused = await install(false);
    expect(refused.done).toBe(false);
    expect(refused.said.join("\n")).toMatch(
      /torch>=.*\n.*PyTorch in the build for .*\n {2}about .* to download, .* on the disk/,
    );
    expect(existsSync(dirname(torchFolder()))).toBe(false);

    const { done, said } = await install(true);
    expect(done).toBe(true);
    expect(said.at(-1)).toBe(`PyTorch 9.0 on the processor is installed: ${torchFolder()}`);
    expect(existsSync(pythonOf(torchFolder()))).toBe(true);
    expect(readdirSync(dirname(torchFolder()))).toEqual([torchFolder().split("/").at(-1)]);

    expect((await install(true)).said).toEqual([expect.stringContaining("is there already")]);
  });

  it("that cannot be done leaves nothing behind and says why", async () => {
    // It looks usable, and cannot make an environment.
    const broken = join(data, "python");
    writeFileSync(broken, '#!/bin/sh\n[ "$1" = -c ] || { echo "error: no space left" >&2; exit 1; }\n');
    chmodSync(broken, 0o755);
    vi.stubEnv("MASKDM_PYTHON", broken);
    await expect(install(true)).rejects.toThrow(/-m venv.* failed:\n +error: no space left/);
    expect(readdirSync(dirname(torchFolder()))).toEqual([]);
  });
});
