/** Where tfjs-node is installed for a user: a folder that outlives the extension, which an update puts into a new one. */
import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { type Surroundings, thisSurroundings, userFolder } from "../../node/userFolder.ts";

/** The package that runs TensorFlow's C library. Typed as a string, so that types and bundle do without it. */
export const TFJS_NODE: string = "@tensorflow/tfjs-node";

/** Its version that belongs to this program's TensorFlow.js: the two share one engine. */
export const TFJS_NODE_VERSION = packageJson.optionalDependencies["@tensorflow/tfjs-node"].replace(/^\D+/, "");

/** The folder for this program, this version of tfjs-node and this kind of machine. It is there only if it is complete. */
export function tensorflowFolder(at: Surroundings = thisSurroundings()): string {
  const name = `tfjs-node-${TFJS_NODE_VERSION}-${at.platform}-${at.arch}`;
  return join(userFolder("tensorflow", at), name);
}
