import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { UserError } from "../../../src/core/errors.ts";
import type { Backend, BackendName } from "../../../src/trainer/engine/backend.ts";
import { chooseBackend } from "../../../src/trainer/engine/chooseBackend.ts";
import { ADDON_FOLDER, addonFile } from "../../../src/trainer/engine/native/addonFile.ts";
import { type BackendTrial, tryBackend } from "../../../src/trainer/engine/tryBackend.ts";
import type { BackendChoice } from "../../../src/trainer/engine/wantedBackend.ts";

/** Tries nothing: the named backends work, on the threads they are given or, WebAssembly, on one. */
function withBackends(working: readonly BackendName[]) {
  const tried: BackendName[] = [];
  const attempt = async (name: BackendName, threads: number): Promise<BackendTrial> => {
    tried.push(name);
    if (!working.includes(name)) return { ok: false, name, reason: `no ${name} here`, remedy: `Get ${name}.` };
    const backend: Backend = {
      name,
      version: `${name} 1.0`,
      threads: name === "tfjs-wasm" ? 1 : threads,
      compile: () => Promise.reject(new Error("not asked for")),
    };
    return { ok: true, name, backend };
  };
  return { tried, attempt };
}

const choose = (wanted: BackendChoice, working: readonly BackendName[]) =>
  chooseBackend(wanted, 4, withBackends(working).attempt);

describe("the choice of a backend", () => {
  it.each([
    ["auto", ["native", "onnx", "onnx-webgpu", "tfjs-node", "tfjs-wasm"], "native"],
    ["auto", ["onnx", "onnx-webgpu", "tfjs-node", "tfjs-wasm"], "onnx"],
    ["auto", ["onnx-webgpu", "tfjs-node", "tfjs-wasm"], "tfjs-node"],
    ["auto", ["onnx-webgpu", "tfjs-wasm"], "tfjs-wasm"],
    ["native", ["native", "onnx"], "native"],
    ["onnx", ["native", "onnx", "tfjs-node"], "onnx"],
    ["onnx-webgpu", ["onnx", "onnx-webgpu"], "onnx-webgpu"],
    ["tfjs", ["onnx", "tfjs-node", "tfjs-wasm"], "tfjs-node"],
    ["tfjs", ["onnx", "tfjs-wasm"], "tfjs-wasm"],
    ["tfjs-wasm", ["onnx", "tfjs-node", "tfjs-wasm"], "tfjs-wasm"],
  ] as [BackendChoice, BackendName[], BackendName][])("%s of %j is %s", async (wanted, working, expected) => {
    expect((await choose(wanted, working)).backend.name).toBe(expected);
  });

  it("tries no backend that it does not need", async () => {
    const { tried, attempt } = withBackends(["native", "onnx", "tfjs-wasm"]);
    await chooseBackend("auto", 4, attempt);
    expect(tried).toEqual(["native"]);
  });

  it("says which it took, and why not a faster one", async () => {
    expect((await choose("auto", ["tfjs-wasm"])).notes).toEqual([
      "backend tfjs-wasm (tfjs-wasm 1.0, 1 thread): the fastest that works here",
      "backend tfjs-wasm takes 1 thread whatever engine.threads says",
      "backend native is not available: no native here. Get native.",
      "backend onnx is not available: no onnx here. Get onnx.",
      "backend tfjs-node is not available: no tfjs-node here. Get tfjs-node.",
    ]);
    expect((await choose("onnx", ["onnx"])).notes).toEqual([
      "backend onnx (onnx 1.0, 4 threads): engine.backend: onnx",
    ]);
  });

  it("refuses what was asked for and does not work, saying why and how to get it", async () => {
    const refusal = await choose("onnx-webgpu", ["onnx", "tfjs-wasm"]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({
      kind: "failure",
      message: "The backend onnx-webgpu: no onnx-webgpu here. Get onnx-webgpu.",
    });
    await expect(choose("tfjs", ["onnx"])).rejects.toThrow(
      "No backend works here (engine.backend: tfjs).\n  tfjs-node: no tfjs-node here. Get tfjs-node.\n  tfjs-wasm: no tfjs-wasm here. Get tfjs-wasm.",
    );
    await expect(choose("auto", ["onnx-webgpu"])).rejects.toThrow("onnx: no onnx here. Get onnx.");
  });
});

describe("a backend that is tried", () => {
  it("is for auto the native one where it was built, and ONNX Runtime elsewhere", async () => {
    const { backend, notes } = await chooseBackend("auto", 2);
    const built = existsSync(join(ROOT, "dist", ADDON_FOLDER, addonFile(process.platform, process.arch)));
    const expected = built ? "native" : "onnx";
    expect(backend).toMatchObject({ name: expected, threads: 2 });
    expect(notes[0]).toBe(`backend ${expected} (${backend.version}, 2 threads): the fastest that works here`);
    expect(notes.slice(1)).toEqual(
      built ? [] : [expect.stringMatching(/^backend native is not available: .*was not built/)],
    );
  });

  it.each(["onnx-webgpu", "tfjs-node"] as const)(
    "works, or tells in one line why not and what to do: %s",
    async (name) => {
      const trial = await tryBackend(name, 2);
      if (trial.ok) expect(trial.backend.version).toMatch(/ \d+\.\d+\.\d+/);
      else {
        expect(trial.reason).toMatch(/^[^\n]+[^.\n]$/);
        expect(trial.remedy).toMatch(/^[^\n]+\.$/);
        expect(`${trial.reason} ${trial.remedy}`).toMatch(
          name === "tfjs-node" ? /--install-tensorflow/ : /graphics card|WebGPU/,
        );
      }
    },
  );
});
