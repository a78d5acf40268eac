/** `maskdm doctor --install-tensorflow`. */

import { pythonCommands } from "../../node/pythonCommands.ts";
import { stopOnSignals } from "../stopOnSignals.ts";
import { type Installation, installTensorflow } from "./install.ts";
import { tensorflowFolder } from "./tensorflowFolder.ts";

/**
 * Installs tfjs-node where this program looks for it: by the package's own install script, else from PyPI.
 * @throws UserError where neither works
 */
export async function installForUser(say: (line: string) => void): Promise<Installation> {
  const stop = stopOnSignals();
  try {
    return await installTensorflow({
      folder: tensorflowFolder(),
      ways: ["npm", "wheel"],
      pythons: pythonCommands(),
      say,
      signal: stop.signal,
    });
  } finally {
    stop.release();
  }
}
