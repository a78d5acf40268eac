/** Which engines there are on this machine. */
import { existsSync } from "node:fs";
import path from "node:path";
import { findPython, TORCH_MODULES } from "../../test/python/findPython.ts";
import { EngineFailure, EngineProcess } from "./engineProcess.ts";
import { ENGINE_IDS, type Options } from "./options.ts";
import type { EngineFacts } from "./record.ts";

/** Libraries load, a small step runs, torch.compile calls a C++ compiler. */
const HELLO_SECONDS = 300;
const PEAK_SECONDS = 3;
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
    const found = await findEngine(places, id, options);
    if ("reason" in found) search.missing.push({ id, reason: found.reason });
    else search.engines.push(found);
  }
  return search;
}

async function findEngine(places: Places, id: string, options: Options): Promise<Engine | NoEngine> {
  const skip = options.engines === null ? reasonToSkip(id, options) : null;
  if (skip !== null) return { reason: skip };
  const launch = launcher(places, id);
  return "reason" in launch ? launch : tryEngine(id, options.threads, launch.spawn);
}

interface NoEngine {
  readonly reason: string;
}

function launcher({ root, bundle }: Places, id: string): { readonly spawn: () => EngineProcess } | NoEngine {
  if (!isTorch(id)) {
    return { spawn: () => new EngineProcess(id, process.execPath, [path.join(bundle, "ours.js"), id]) };
  }
  const python = findPython(TORCH_MODULES);
  if (!python.found) return { reason: python.reason };
  const args = [path.join(root, "scripts/bench/torch_bench.py"), ...(id === "pytorch-compile" ? ["--compile"] : [])];
  return { spawn: () => new EngineProcess(id, python.command, args) };
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

/** Null where an engine has no such product, or takes too long for it. */
async function peakHere(process: EngineProcess): Promise<EngineFacts["peak"]> {
  try {
    return await process.ask("peak", { seconds: PEAK_SECONDS }, PEAK_LIMIT_SECONDS);
  } catch (error) {
    if (error instanceof EngineFailure) return null;
    throw error;
  }
}
