/** Signs of a device that PyTorch could train on, which cost nothing to look for: without one no Python is started on a guess. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Surroundings, thisSurroundings } from "../userFolder.ts";

/** NVIDIA's driver, also in a container; AMD's; the card of Windows in its Linux; a board of NVIDIA's. */
const LINUX = ["dev/nvidiactl", "dev/kfd", "dev/dxg", "dev/nvhost-gpu"];
const LINUX_DRIVER = "proc/driver/nvidia/version";

const windowsDriver = ({ env }: Surroundings): string =>
  join(env["SystemRoot"] ?? "C:\\Windows", "System32", "nvcuda.dll");

/** A Mac with Apple's own chip has Metal; PyTorch is not made for others any more. @param root of the file system; another in tests */
export function mayHaveDevice(at: Surroundings = thisSurroundings(), root = "/"): boolean {
  if (at.platform === "win32") return existsSync(windowsDriver(at));
  if (at.platform === "darwin") return at.arch === "arm64";
  return at.platform === "linux" && LINUX.some((path) => existsSync(join(root, path)));
}

/** Changes with the driver, as far as the system tells of it. */
export function driverStamp(at: Surroundings = thisSurroundings(), root = "/"): string {
  try {
    if (at.platform === "win32") return String(statSync(windowsDriver(at)).mtimeMs);
    return readFileSync(join(root, LINUX_DRIVER), "utf8");
  } catch {
    return "";
  }
}
