/** Processes of the benchmark's engines, and PyTorch's side of it. */
import { describe, expect, it, vi } from "vitest";
import { EngineFailure, EngineProcess, killEngines } from "../../../scripts/bench/engineProcess.ts";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const node = (program: string) => new EngineProcess("this one", process.execPath, ["-e", program]);
const SILENT = "setInterval(() => {}, 1000)";

describe("an engine's process", () => {
  it("that dies, or never was, is an error and not a wait", async () => {
    const dies = node("console.error('first\\nalas'); process.exit(3)");
    await expect(dies.ask("memory", {})).rejects.toThrow("its process ended with code 3: alas");
    await expect(dies.ask("memory", {})).rejects.toThrow(EngineFailure);
    await dies.quit();
    const never = new EngineProcess("that one", "no-such-program", []);
    await expect(never.ask("memory", {})).rejects.toThrow("ENOENT");
    await never.quit();
  });

  it("that does not answer in time is ended", async () => {
    const silent = node(SILENT);
    await expect(silent.ask("memory", {}, 0.1)).rejects.toThrow('no answer to "memory" within 1 s');
    await silent.quit();
  });

  it("is ended with all others by an interrupt, and says that memory may have been short", async () => {
    const engines = [node(SILENT), node(SILENT)];
    const answers = engines.map((engine) => engine.ask("memory", {}).catch((error: Error) => error.message));
    killEngines();
    expect(await Promise.all(answers)).toEqual(
      Array(2).fill("its process was ended by SIGKILL, perhaps for lack of memory"),
    );
    await Promise.all(engines.map((engine) => engine.quit()));
  });

  it("may chatter beside its answers, and its refusals are one line", async () => {
    const reply = (text: string) => `console.log(${JSON.stringify(text)});`;
    const chatters = node(`${reply("a library says hello")}${reply('{"ok":true,"peakMemoryBytes":5}')}${SILENT}`);
    expect((await chatters.ask("memory", {})).peakMemoryBytes).toBe(5);
    chatters.kill();
    await chatters.quit();
    const refuses = node(`${reply('{"ok":false,"error":"no\\nat some place"}')}${SILENT}`);
    await expect(refuses.ask("memory", {})).rejects.toThrow(/^no$/);
    refuses.kill();
    await refuses.quit();
  });
});

describe("PyTorch's side of the benchmark", () => {
  it("sets up, steps, and names what is wrong", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const torch = new EngineProcess("pytorch", python, [`${ROOT}/scripts/bench/torch_bench.py`]);
    const config = { image_size: 8, channels: 3, patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 };
    const work = { config, maskRate: 0.9, batchSize: 4, microBatch: 2, seed: 0, images: 8 };
    try {
      expect(await torch.ask("hello", { threads: 1 })).toMatchObject({ works: true, threads: 1 });
      for (const transA of [false, true]) {
        const product = await torch.ask("product", { m: 64, n: 96, k: 32, transA, seconds: 0.05 });
        expect(product.flopsPerSecond).toBeGreaterThan(1e7);
      }
      await expect(torch.ask("steps", { n: 1 })).rejects.toThrow("setup comes first");
      const variant = { attention: "sdpa", optimizer: "fused" };
      // N = 16: floor(0.9 · 16) = 14 hidden
      expect((await torch.ask("setup", { ...work, ...variant })).visibleTokens).toBe(2);
      const { seconds, loss } = await torch.ask("steps", { n: 3 });
      expect(seconds).toBeGreaterThan(0);
      expect(loss).toBeGreaterThan(0.1);
      expect((await torch.ask("memory", {})).peakMemoryBytes).toBeGreaterThan(2 ** 26);
    } finally {
      await torch.quit();
    }
  });
});
