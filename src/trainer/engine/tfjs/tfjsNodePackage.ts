/** The optional package that runs TensorFlow's C library. */
import { createRequire } from "node:module";

/** Typed as a string, so that types and bundle do without the package. */
export const TFJS_NODE: string = "@tensorflow/tfjs-node";

/** Whether it is installed at all; its library may be missing even then. */
export function tfjsNodeIsInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve(TFJS_NODE);
    return true;
  } catch {
    return false;
  }
}
