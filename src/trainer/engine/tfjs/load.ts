/** Brings up a TensorFlow.js backend: TensorFlow's C library by way of tfjs-node, or WebAssembly. */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { TFJS_NODE } from "./tfjsNodePackage.ts";

/** What tfjs calls the two. */
export const ENGINE_NAMES = { "tfjs-node": "tensorflow", "tfjs-wasm": "wasm" } as const;
export type TfjsName = keyof typeof ENGINE_NAMES;

/**
 * Loads a backend and makes it ready; loading it again costs nothing.
 * @returns name and version of the library
 * @throws Error saying why it cannot be loaded
 */
export async function loadTfjs(name: TfjsName): Promise<string> {
  // Off: checks of every tensor for what a static graph has settled already.
  tf.enableProdMode();
  return name === "tfjs-node" ? await loadNode() : await loadWasm();
}

async function loadNode(): Promise<string> {
  putBackRemovedUtilities();
  const module: { readonly version?: Readonly<Record<string, string>> } = await import(TFJS_NODE);
  await withBackend("tfjs-node", () => {});
  return `tfjs-node ${module.version?.["tfjs-node"] ?? "of unknown version"}`;
}

/** Node 23 removed functions that tfjs-node still calls. */
function putBackRemovedUtilities(): void {
  const removed = {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  };
  for (const [name, replacement] of Object.entries(removed)) {
    if (!(name in util)) Object.assign(util, { [name]: replacement });
  }
}

async function loadWasm(): Promise<string> {
  const listeners = new ProcessListeners();
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  if (!tf.engine().registry["wasm"]) {
    const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(`${dirname(entry)}${sep}`);
  }
  await withBackend("tfjs-wasm", () => {});
  listeners.removeAdded();
  return `tfjs-backend-wasm ${wasm.version_wasm}`;
}

let turn: Promise<unknown> = Promise.resolve();

/** Does synchronous work with a backend as the current one of tfjs, which has one for the whole process: works take turns. */
export function withBackend<T>(name: TfjsName, work: () => T): Promise<T> {
  const result = turn.then(async () => {
    const wanted = ENGINE_NAMES[name];
    if (tf.getBackend() !== wanted && !(await tf.setBackend(wanted))) {
      throw new Error(`TensorFlow.js could not start its backend ${wanted}`);
    }
    return work();
  });
  turn = result.catch(() => {});
  return result;
}

/** The WebAssembly module installs process-wide error handlers that would end the process with a stack trace. */
class ProcessListeners {
  private static readonly events = ["uncaughtException", "unhandledRejection"] as const;
  private readonly before = ProcessListeners.events.map((event) => process.rawListeners(event));

  removeAdded(): void {
    for (const [i, event] of ProcessListeners.events.entries()) {
      for (const listener of process.rawListeners(event)) {
        if (!this.before[i]!.includes(listener)) process.off(event, listener as (...args: unknown[]) => void);
      }
    }
  }
}
