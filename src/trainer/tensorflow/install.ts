/** Installs tfjs-node with TensorFlow's C library into a user's folder. It is put together beside that folder and moved there when it works. */
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { exists } from "../../node/exists.ts";
import { assembleFolder } from "../tools/assembleFolder.ts";
import type { ToolOptions } from "../tools/runTool.ts";
import { checkInstallation } from "./checkInstallation.ts";
import { fetchPackage, removeSuperfluous, runInstallScript } from "./npmPackage.ts";
import { TFJS_NODE, TFJS_NODE_VERSION } from "./tensorflowFolder.ts";
import { installFromWheel } from "./wheelWay.ts";

/** How TensorFlow's library comes: by the package's own install script, or from PyPI with the binding compiled here. */
export type Way = "npm" | "wheel";

export interface InstallRequest {
  /** see tensorflowFolder */
  readonly folder: string;
  /** tried in this order until one works */
  readonly ways: readonly Way[];
  /** commands that may be a Python with pip */
  readonly pythons: readonly string[];
  /** told what is being done */
  readonly say: (line: string) => void;
  /** stops the installation; nothing is left behind then either */
  readonly signal: AbortSignal;
}

export interface Installation {
  /** version of TensorFlow's library */
  readonly tensorflow: string;
  /** how it came; null where it was there already */
  readonly way: Way | null;
}

/**
 * Installs, unless an installation that works is there.
 * @throws UserError where no way works, with the reason of each
 */
export async function installTensorflow(request: InstallRequest): Promise<Installation> {
  const { folder, say, signal } = request;
  if (await exists(folder)) {
    const check = await checkInstallation(folder, signal);
    if (check.works) {
      say(`${TFJS_NODE} ${TFJS_NODE_VERSION} with TensorFlow ${check.tensorflow} is there already: ${folder}`);
      return { tensorflow: check.tensorflow, way: null };
    }
    say(`What is in ${folder} does not work (${check.reason}): it is replaced.`);
  }
  const { way, tensorflow } = await assembleFolder(folder, signal, async (work) => {
    const way = await assemble(request, work);
    await removeSuperfluous(work);
    const check = await checkInstallation(work, signal);
    if (!check.works) {
      throw new UserError(`${TFJS_NODE} was installed but ${doesNotWork(check.reason)}`, "failure");
    }
    return { way, tensorflow: check.tensorflow };
  });
  say(`${TFJS_NODE} ${TFJS_NODE_VERSION} with TensorFlow ${tensorflow} is installed: ${folder}`);
  return { tensorflow, way };
}

async function assemble({ ways, pythons, say, signal }: InstallRequest, work: string): Promise<Way> {
  const options: ToolOptions = { cwd: work, signal };
  say(`Fetching ${TFJS_NODE} ${TFJS_NODE_VERSION} and what it needs, by npm …`);
  await fetchPackage(options);
  const failures: string[] = [];
  for (const way of ways) {
    try {
      if (way === "npm") await byInstallScript(work, say, options);
      else await installFromWheel(join(work, "node_modules", TFJS_NODE), pythons, say, options);
      return way;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push(error.message);
      // Of the last one the error tells.
      if (failures.length < ways.length) say(`This way is closed: ${error.message}`);
    }
  }
  throw new UserError(`TensorFlow could not be installed:\n  ${failures.join("\n  ")}`, "failure");
}

/** The ordinary way: a library that is downloaded ready to use may still not suit the machine. */
async function byInstallScript(work: string, say: (line: string) => void, options: ToolOptions): Promise<void> {
  say("Running its install script, which downloads TensorFlow's library …");
  await runInstallScript(options);
  const check = await checkInstallation(work, options.signal);
  if (!check.works) throw new UserError(`what its install script downloaded ${doesNotWork(check.reason)}`, "failure");
}

function doesNotWork(reason: string): string {
  return (
    `does not work with Node ${process.versions.node} on ${process.platform}-${process.arch}: ${reason}\n  ` +
    "Another version of Node.js may load it; engine.backend: auto does without it."
  );
}
