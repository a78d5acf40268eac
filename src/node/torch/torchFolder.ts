/** Where PyTorch is installed for a user: a virtual environment that outlives the extension, which an update puts into a new folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pythonCommands } from "../pythonCommands.ts";
import { type Surroundings, thisSurroundings, userFolder } from "../userFolder.ts";

/** The virtual environment for this kind of machine. It is there only if it is complete. */
export function torchFolder(at: Surroundings = thisSurroundings()): string {
  return join(userFolder("torch", at), `venv-${at.platform}-${at.arch}`);
}

/** The interpreter of a virtual environment. */
export const pythonOf = (venv: string, platform: NodeJS.Platform = process.platform): string =>
  platform === "win32" ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");

/** The commands that may be a Python with PyTorch: the one that MASKDM_PYTHON names, then no other; else what was installed, then the PATH's. */
export function torchPythons(at: Surroundings = thisSurroundings()): string[] {
  const installed = pythonOf(torchFolder(at), at.platform);
  return pythonCommands(existsSync(installed) ? [installed] : [], at.env);
}
