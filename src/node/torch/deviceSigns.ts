/** Signs of a device that PyTorch could train on, which cost nothing to look for: without one no Python is started on a guess. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Surroundings, thisSurroundings } from "../userFolder.ts";

/** NVIDIA's driver, also in a container; AMD's; the card of Windows in its Linux; a board of NVIDIA's. */
const LINUX = ["dev/nvidiactl", "dev/kfd", "dev/dxg", "dev/nvhost-gpu"];
const LINUX_DRIVER = "proc/driver/nvidia/version";

/** Metal is no such device: nothing was ever run on it. @param root of the file system; another in tests */
export function mayHaveDevice(at: Surroundings = thisSurroundings(), root = "/"): boolean {
  if (at.platform === "win32") return existsSync(join(at.env["SystemRoot"] ?? "C:\\Windows", "System32", "nvcuda.dll"));
  return at.platform === "linux" && LINUX.some((path) => existsSync(join(root, path)));
}

/** Changes with the driver, as far as the system tells of it. */
export function driverStamp(root = "/"): string {
  try {
    return readFileSync(join(root, LINUX_DRIVER), "utf8");
  } catch {
    return "";
  }
}
