/** Which engines there are on this machine. */
import { existsSync } from "node:fs";
import path from "node:path";
import { findPython, TORCH_MODULES } from "../../test/python/findPython.ts";
import { EngineFailure, EngineProcess } from "./engineProcess.ts";
import { ENGINE_IDS, type Options } from "./options.ts";
import type { EngineFacts } from "./record.ts";

/** Libraries load, a small step runs, torch.compile calls a C++ compiler. */
const HELLO_SECONDS = 300;
/** Rows of the square products that a peak is looked for in, and seconds for each. */
const PEAK_SIZES = [1024, 2048];
const PEAK_SECONDS = 1.5;
const PEAK_LIMIT_SECONDS = 120;

export interface Engine extends EngineFacts {
  readonly isTorch: boolean;
  /** A new process of it, ready for commands. */
  start(): Promise<EngineProcess>;
  /** Its quickest matrix product, measured again in a process of its own; null where that fails. */
  peakAgain(): Promise<EngineFacts["peak"]>;
}

export interface EngineSearch {
  readonly engines: Engine[];
  readonly missing: { id: string; reason: string }[];
}

/** Where the programs of the two sides are. */
export interface Places {
  /** folder of the repository */
  readonly root: string;
  /** folder of the bundles */
  readonly bundle: string;
}

const isGraphics = (id: string): boolean => id.endsWith("webgpu");
const isTorch = (id: string): boolean => id.startsWith("pytorch");

/** Tries the engines that were asked for, or all, and measures their matrix products. */
export async function findEngines(places: Places, options: Options): Promise<EngineSearch> {
  const search: EngineSearch = { engines: [], missing: [] };
  for (const id of options.engines ?? ENGINE_IDS) {
    const skip = options.engines === null ? reasonToSkip(id, options) : null;
    const found = skip === null ? await findEngine(places, id, options.threads) : { reason: skip };
    if ("reason" in found) search.missing.push({ id, reason: found.reason });
    else search.engines.push(found);
  }
  return search;
}

/** @param env variables of its processes, besides those of this one */
export async function findEngine(
  places: Places,
  id: string,
  threads: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Engine | NoEngine> {
  const launch = launcher(places, id, env);
  return "reason" in launch ? launch : tryEngine(id, threads, launch.spawn);
}

interface NoEngine {
  readonly reason: string;
}

function launcher(
  { root, bundle }: Places,
  id: string,
  env: Readonly<Record<string, string>>,
): { readonly spawn: () => EngineProcess } | NoEngine {
  if (!isTorch(id)) {
    return { spawn: () => new EngineProcess(id, process.execPath, [path.join(bundle, "ours.js"), id], env) };
  }
  const python = findPython(TORCH_MODULES);
  if (!python.found) return { reason: python.reason };
  const args = [path.join(root, "scripts/bench/torch_bench.py"), ...(id === "pytorch-compile" ? ["--compile"] : [])];
  return { spawn: () => new EngineProcess(id, python.command, args, env) };
}

/** Why an engine is not tried unless it is asked for by name. */
function reasonToSkip(id: string, { quick }: Options): string | null {
  if (isGraphics(id) && !hasGraphicsCard()) return "there is no graphics card, and it was not asked for by name";
  if (quick && (id === "pytorch-compile" || id === "tfjs-wasm")) return "left out of --quick";
  return null;
}

function hasGraphicsCard(): boolean {
  return (
    process.platform !== "linux" || ["/dev/dri/renderD128", "/dev/nvidia0", "/dev/dxg"].some((file) => existsSync(file))
  );
}

async function tryEngine(id: string, threads: number, spawn: () => EngineProcess): Promise<Engine | NoEngine> {
  const process = spawn();
  try {
    const hello = await process.ask("hello", { threads }, HELLO_SECONDS);
    if (!hello.works) return { reason: hello.reason };
    const peak = await peakHere(process);
    const start = async (): Promise<EngineProcess> => {
      const started = spawn();
      await started.ask("begin", { threads }, HELLO_SECONDS);
      return started;
    };
    const facts = { id, version: hello.version, threads: hello.threads, graphics: isGraphics(id), peak };
    const peakAgain = async (): Promise<EngineFacts["peak"]> => {
      const started = await start();
      try {
        return await peakHere(started);
      } finally {
        await started.quit();
      }
    };
    return { ...facts, isTorch: isTorch(id), start, peakAgain };
  } catch (error) {
    if (error instanceof EngineFailure) return { reason: error.message };
    throw error;
  } finally {
    await process.quit();
  }
}

/** The quickest square product; null where an engine has no such product, or takes too long for it. */
async function peakHere(process: EngineProcess): Promise<EngineFacts["peak"]> {
  let best: EngineFacts["peak"] = null;
  try {
    for (const size of PEAK_SIZES) {
      const shape = { m: size, n: size, k: size, transA: false };
      const { flopsPerSecond } = await process.ask("product", { ...shape, seconds: PEAK_SECONDS }, PEAK_LIMIT_SECONDS);
      if (flopsPerSecond > (best?.flopsPerSecond ?? 0)) best = { flopsPerSecond, size };
    }
    return best;
  } catch (error) {
    if (error instanceof EngineFailure) return null;
    throw error;
  }
}
