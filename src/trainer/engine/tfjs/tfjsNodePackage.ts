/** The optional package that runs TensorFlow's C library. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { TFJS_NODE, tensorflowFolder } from "../../tensorflow/tensorflowFolder.ts";

export interface TfjsNodePlace {
  /** loads the package from its place */
  readonly require: NodeJS.Require;
  /** the user's folder that holds it; null where it is in the node_modules of this program */
  readonly folder: string | null;
}

/** Where it is installed; its library may be missing even then. What a user had installed goes before what npm brought along. */
export function findTfjsNode(): TfjsNodePlace | null {
  const folder = tensorflowFolder();
  if (existsSync(folder)) return { require: createRequire(join(folder, "package.json")), folder };
  const require = createRequire(import.meta.url);
  try {
    require.resolve(TFJS_NODE);
    return { require, folder: null };
  } catch {
    return null;
  }
}
