/** Finds out whether a backend works: loads its library and computes something small with it. */

import { GraphBuilder } from "../../core/model/graph/builder.ts";
import { add, matmul } from "../../core/model/graph/operations.ts";
import { TFJS_NODE } from "../tensorflow/tensorflowFolder.ts";
import type { Backend, BackendName } from "./backend.ts";
import { findTfjsNode } from "./tfjs/tfjsNodePackage.ts";

export const BACKEND_NAMES: readonly BackendName[] = ["native", "onnx", "onnx-webgpu", "tfjs-node", "tfjs-wasm"];

export type BackendTrial =
  | { readonly ok: true; readonly name: BackendName; readonly backend: Backend }
  | {
      readonly ok: false;
      readonly name: BackendName;
      /** what failed, in one line without a full stop */
      readonly reason: string;
      /** what to do about it, one or more sentences */
      readonly remedy: string;
    };

export async function tryBackend(name: BackendName, threads: number): Promise<BackendTrial> {
  try {
    const backend = await open(name, threads);
    await multiplySmallMatrices(backend);
    return { ok: true, name, backend };
  } catch (error) {
    return { ok: false, name, ...explain(name, error) };
  }
}

/** Imported on demand: a library that is missing must not keep the others from being used, and loading takes its time. */
async function open(name: BackendName, threads: number): Promise<Backend> {
  if (name === "native") {
    const { nativeBackend } = await import("./native/backend.ts");
    return nativeBackend(threads);
  }
  if (name === "onnx" || name === "onnx-webgpu") {
    const { onnxBackend } = await import("./onnx/backend.ts");
    return onnxBackend({ provider: name === "onnx" ? "cpu" : "webgpu", threads });
  }
  const { tfjsBackend } = await import("./tfjs/backend.ts");
  return await tfjsBackend(name);
}

async function multiplySmallMatrices(backend: Backend): Promise<void> {
  const g = new GraphBuilder();
  const a = g.input("a", [2, 2]);
  const executable = await backend.compile(g.build({ y: matmul(g, a, add(g, a, a)) }));
  try {
    const y = new Float32Array(4);
    await executable.run(new Map([["a", Float32Array.of(1, 2, 3, 4)]]), new Map([["y", y]]));
    if (y.join() !== "14,20,30,44") throw new Error(`it computes wrongly (${y.join(", ")} instead of 14, 20, 30, 44)`);
  } finally {
    await executable.dispose();
  }
}

const NO_GRAPHICS_CARD = {
  reason: "no graphics card was found that WebGPU can use",
  remedy:
    "Install the graphics card's driver with Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS) support, or choose engine.backend: auto.",
};

function explain(name: BackendName, error: unknown): { reason: string; remedy: string } {
  const message = oneLine(error);
  switch (name) {
    case "native":
      return {
        reason: `the kernels do not load (${message})`,
        remedy:
          "Choose engine.backend: auto, or install the extension's package made for this system; in a checkout `npm run native` compiles them.",
      };
    case "onnx":
      return {
        reason: `onnxruntime-node does not work (${message})`,
        remedy: "Install it again with `npm install onnxruntime-node`.",
      };
    case "onnx-webgpu":
      return /adapter/i.test(message)
        ? NO_GRAPHICS_CARD
        : { reason: `the WebGPU provider does not work (${message})`, remedy: "Choose engine.backend: auto." };
    case "tfjs-node":
      return explainTfjsNode(error, message);
    case "tfjs-wasm":
      return {
        reason: `@tensorflow/tfjs-backend-wasm does not work (${message})`,
        remedy: "Install it again with `npm install @tensorflow/tfjs-backend-wasm`.",
      };
  }
}

/** The first line of an error's message, without the place in a library's sources that may lead it. */
function oneLine(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
  const text = first.replace(/^\/onnxruntime_src\S+ /, "").replace(/[.\s]+$/, "");
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function explainTfjsNode(error: unknown, message: string): { reason: string; remedy: string } {
  const install = "`maskdm doctor --install-tensorflow`";
  const place = findTfjsNode();
  if (!place) {
    return { reason: `the optional package ${TFJS_NODE} is not installed`, remedy: `${install} installs it.` };
  }
  if (place.folder !== null) {
    return {
      reason: `${TFJS_NODE} does not load from ${place.folder} (${message})`,
      remedy: `${install} installs it anew.`,
    };
  }
  const unbuilt = error instanceof Error && /native addon module/.test(error.message);
  return {
    reason: unbuilt
      ? `${TFJS_NODE} is installed, but its native module is not: its install script did not run, or failed`
      : `${TFJS_NODE} does not load (${message})`,
    remedy: `${install} installs one for this user, which is taken instead.`,
  };
}
