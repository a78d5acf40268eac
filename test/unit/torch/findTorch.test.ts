/** Which Python trains: real processes, with a trainer that says it had a card. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { findTorch, requireTorch, torchFor, torchForAuto } from "../../../src/trainer/torch/findTorch.ts";
import { findPython } from "../../python/findPython.ts";
import { callsOf, pythonWithTestTrainer } from "../../support/torchProgram.ts";

const python = findPython();

describe.skipIf(!python.found || process.platform === "win32")("a Python that can train", () => {
  let folder: string;
  let program: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "maskdm-find-"));
    program = pythonWithTestTrainer(folder, python.found ? python.command : "");
    vi.stubEnv("MASKDM_PYTHON", program);
    vi.stubEnv("XDG_DATA_HOME", join(folder, "data"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const calls = (): number =>
    existsSync(callsOf(program)) ? readFileSync(callsOf(program), "utf8").trimEnd().split("\n").length : 0;

  it("is asked by auto once, and never without a sign of a device", async () => {
    vi.stubEnv("TEST_TORCH_DEVICE", "Some GPU");
    expect(await torchForAuto(() => false)).toBeNull();
    expect(calls()).toBe(0);
    for (let i = 0; i < 2; i++) {
      const found = await torchForAuto(() => true);
      expect(found).toMatchObject({ python: program, about: { devices: [{ name: "Some GPU" }] } });
    }
    expect(calls()).toBe(1);
  });

  it("is not taken by auto where it finds no device, and that is kept, too", async () => {
    for (let i = 0; i < 2; i++) expect(await torchForAuto(() => true)).toBeNull();
    expect(calls()).toBe(1);
  });

  it("is asked by auto again where it did not answer", async () => {
    vi.stubEnv("TEST_TORCH_DEVICE", "Some GPU");
    vi.stubEnv("PYTHONHOME", join(folder, "nothing"));
    expect(await torchForAuto(() => true)).toBeNull();
    vi.stubEnv("PYTHONHOME", undefined);
    expect(await torchForAuto(() => true)).toMatchObject({ python: program });
  });

  it("is taken where torch is asked for, and not for another backend", async () => {
    const experimentWith = (backend: string) => {
      const parsed = parseExperiment(`{data: {path: images}, engine: {backend: ${backend}}}`);
      if (!parsed.ok) throw new Error("it does not parse");
      return parsed.experiment;
    };
    expect(await torchFor(experimentWith("native"))).toBeNull();
    expect(calls()).toBe(0);
    expect(await torchFor(experimentWith("torch"))).toMatchObject({ found: true, python: program });
  });

  it("is told from a program that is none", async () => {
    vi.stubEnv("MASKDM_PYTHON", "/bin/cat");
    expect(await findTorch()).toMatchObject({
      found: false,
      reason: expect.stringMatching(/\/bin\/cat is no Python that answers/),
    });
    await expect(requireTorch()).rejects.toThrow(
      /engine\.backend: torch cannot be used: .*MASKDM_PYTHON.*--install-torch/,
    );
  });
});
