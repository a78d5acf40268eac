/** WebGPU for TensorFlow.js: Dawn, Chromium's implementation of it, from the optional package `webgpu`. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import * as z from "zod";

export const TFJS_WEBGPU = "@tensorflow/tfjs-backend-webgpu";
export const WEBGPU = "webgpu";

const functionSchema = z.custom<(...args: unknown[]) => unknown>((value) => typeof value === "function");
const dawnSchema = z.object({ create: functionSchema, globals: z.record(z.string(), z.unknown()) });
const gpuSchema = z.object({ requestAdapter: functionSchema });
const adapterSchema = z.object({
  info: z.object({ vendor: z.string(), architecture: z.string(), device: z.string(), description: z.string() }),
});
const manifestSchema = z.object({ version: z.string() });

/**
 * Registers the backend `webgpu` with TensorFlow.js.
 * @returns name and version of the library, and the graphics card
 * @throws Error where a package is missing or no adapter is found
 */
export async function registerWebgpu(): Promise<string> {
  const require = createRequire(import.meta.url);
  // Registering it looks for navigator.gpu.
  const card = await provideGpu(require);
  require(TFJS_WEBGPU);
  const { version } = manifestSchema.parse(require(`${TFJS_WEBGPU}/package.json`));
  return `tfjs-backend-webgpu ${version} on ${card}`;
}

/** What a browser has: navigator.gpu and the constants of WebGPU. @returns the name of the adapter */
async function provideGpu(require: NodeJS.Require): Promise<string> {
  const holder = globalThis as { navigator?: object };
  holder.navigator ??= {};
  if (!("gpu" in holder.navigator)) {
    const dawn = dawnSchema.parse(await import(pathToFileURL(require.resolve(WEBGPU)).href));
    Object.assign(globalThis, dawn.globals);
    Object.defineProperty(holder.navigator, "gpu", { value: dawn.create([]), configurable: true });
  }
  const gpu = (holder.navigator as { gpu?: unknown }).gpu;
  gpuSchema.parse(gpu);
  const adapter = await (gpu as { requestAdapter(options: object): Promise<unknown> }).requestAdapter({
    powerPreference: "high-performance",
  });
  if (adapter === null || adapter === undefined) throw new Error("no adapter was found");
  const { vendor, architecture, device, description } = adapterSchema.parse(adapter).info;
  return [description || device || "a card without a name", `(${vendor} ${architecture})`.trim()].join(" ");
}

/** Which of the optional packages is missing; null where none is. */
export function missingWebgpuPackage(): string | null {
  const require = createRequire(import.meta.url);
  for (const name of [TFJS_WEBGPU, WEBGPU]) {
    try {
      require.resolve(name);
    } catch {
      return name;
    }
  }
  return null;
}
