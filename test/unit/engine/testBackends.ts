/** The backends that a test can run on here. */
import type { Backend, BackendName } from "../../../src/trainer/engine/backend.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { tfjsBackend } from "../../../src/trainer/engine/tfjs/backend.ts";

export interface TestBackend {
  readonly name: BackendName;
  /** null where it cannot be loaded */
  readonly backend: Backend | null;
  /** why not */
  readonly reason: string;
}

async function attempt(name: BackendName, open: () => Backend | Promise<Backend>): Promise<TestBackend> {
  try {
    return { name, backend: await open(), reason: "" };
  } catch (error) {
    return { name, backend: null, reason: String(error).split("\n")[0]! };
  }
}

/** ONNX Runtime and WebAssembly are always there; tfjs-node is an optional dependency. */
export async function testBackends(): Promise<TestBackend[]> {
  return [
    await attempt("onnx", () => onnxBackend({ provider: "cpu", threads: 2 })),
    await attempt("tfjs-wasm", () => tfjsBackend("tfjs-wasm")),
    await attempt("tfjs-node", () => tfjsBackend("tfjs-node")),
  ];
}

/** Title of a group of tests on one backend, with the reason where it is skipped. */
export function titleOf({ name, backend, reason }: TestBackend): string {
  return backend ? `${name} (${backend.version})` : `${name}, skipped: ${reason}`;
}
