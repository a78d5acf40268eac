/**
 * The environment in which WebGPU finds an adapter on Linux: that of a graphics card, or else SwiftShader, which computes on the
 * processor. Chromium brings SwiftShader, and the Vulkan loader that a bare system lacks.
 */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where Debian, Ubuntu and Google put Chromium's files. */
const PLACES = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome", "/opt/microsoft/msedge"];
const ICD = "vk_swiftshader_icd.json";
const LOADER = "libvulkan.so.1";
const LIBRARIES = ["/usr/lib", "/usr/lib64", "/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];

/**
 * Variables for a process that is to use WebGPU; none where it finds an adapter, or finds none whatever it is told. They have to be
 * there when the process starts: the dynamic linker reads them then.
 */
export function gpuEnvironment(env: Readonly<NodeJS.ProcessEnv> = process.env): Record<string, string> {
  if (process.platform !== "linux" || env["VK_ICD_FILENAMES"] || env["VK_DRIVER_FILES"] || hasGraphicsCard()) return {};
  const place = PLACES.find((folder) => existsSync(join(folder, ICD)));
  if (place === undefined) return {};
  const found: Record<string, string> = { VK_ICD_FILENAMES: join(place, ICD), VK_DRIVER_FILES: join(place, ICD) };
  if (!LIBRARIES.some((folder) => existsSync(join(folder, LOADER))) && existsSync(join(place, LOADER))) {
    found["LD_LIBRARY_PATH"] = [place, env["LD_LIBRARY_PATH"]].filter(Boolean).join(delimiter);
  }
  return found;
}

/** Whether the kernel shows one: a render node, NVIDIA's device or that of WSL. */
function hasGraphicsCard(): boolean {
  const nodes = [...list("/dev"), ...list("/dev/dri")];
  return nodes.some((name) => /^(renderD\d+|nvidia\d+|dxg)$/.test(name));
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
