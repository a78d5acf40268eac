/** Brings up a TensorFlow.js backend: TensorFlow's C library by way of tfjs-node, or WebAssembly. */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import * as z from "zod";
import { TFJS_NODE } from "../../tensorflow/tensorflowFolder.ts";
import { findTfjsNode } from "./tfjsNodePackage.ts";

/** What tfjs calls them. */
export const ENGINE_NAMES = { "tfjs-node": "tensorflow", "tfjs-wasm": "wasm" } as const;
export type TfjsName = keyof typeof ENGINE_NAMES;

/**
 * Loads a backend and makes it ready. Loading it again costs next to nothing.
 * @returns name and version of the library
 * @throws Error saying why it cannot be loaded
 */
export async function loadTfjs(name: TfjsName): Promise<string> {
  // Off: checks of every tensor for what a static graph has settled already.
  tf.enableProdMode();
  const load = { "tfjs-node": loadNode, "tfjs-wasm": loadWasm };
  return await load[name]();
}

/** The part of the package that is used here. */
const packageSchema = z.object({
  version: z.record(z.string(), z.string()),
  engine: z.custom<() => unknown>((value) => typeof value === "function"),
});
const backendSchema = z.object({ binding: z.object({ TF_Version: z.string() }) });

async function loadNode(): Promise<string> {
  const place = findTfjsNode();
  if (!place) throw new Error(`${TFJS_NODE} is not installed`);
  putBackRemovedUtilities();
  // Only warnings and errors of the library. This reaches it on the main thread; see EngineClient for the worker's.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1";
  const { version, engine } = packageSchema.parse(place.require(TFJS_NODE));
  // The package brings its own copy of tfjs-core. Copies of one version share what they register and compute with.
  if (engine() !== tf.engine()) throw new Error("it belongs to another version of TensorFlow.js");
  await withBackend("tfjs-node", () => {});
  const library = backendSchema.safeParse(tf.backend());
  const on = library.success ? ` on TensorFlow ${library.data.binding.TF_Version}` : "";
  return `tfjs-node ${version["tfjs-node"] ?? "of unknown version"}${on}`;
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

/** Does work with a backend as the current one of tfjs, which has one for the whole process: works take turns. */
export function withBackend<T>(name: TfjsName, work: () => T | Promise<T>): Promise<T> {
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
