/** What this machine can compute with, and what is missing. */
import packageJson from "../../../package.json" with { type: "json" };
import { freeMemory, type Machine, thisMachine } from "../../node/machine.ts";
import type { BackendName } from "../engine/backend.ts";
import { BACKEND_NAMES } from "../engine/tryBackend.ts";
import { AUTO_CANDIDATES } from "../engine/wantedBackend.ts";
import { type BackendCheck, checkBackends } from "./backendCheck.ts";
import { checkFolder, type FolderCheck } from "./folders.ts";
import { checkImageLibrary, type ImageLibraryCheck } from "./imageLibrary.ts";

export interface DoctorReport {
  /** whether anything can be trained here */
  readonly ok: boolean;
  readonly version: string;
  readonly node: { readonly version: string; readonly wanted: string };
  readonly machine: Machine & { readonly platform: string; readonly freeMemoryBytes: number };
  readonly backends: readonly BackendCheck[];
  /** what engine.backend: auto takes; null where nothing works */
  readonly auto: BackendName | null;
  readonly images: ImageLibraryCheck;
  readonly runsFolder: FolderCheck;
  readonly cacheFolder: FolderCheck;
}

/**
 * @param runsDir folder that holds the runs
 * @param cacheDir folder of decoded images
 */
export async function examine(runsDir: string, cacheDir: string): Promise<DoctorReport> {
  const machine = thisMachine();
  const backends = await checkBackends(BACKEND_NAMES, machine.cores);
  const working = new Set(backends.filter(({ works }) => works).map(({ name }) => name));
  return {
    ok: working.size > 0,
    version: packageJson.version,
    node: { version: process.versions.node, wanted: packageJson.engines.node },
    machine: { platform: `${process.platform}-${process.arch}`, ...machine, freeMemoryBytes: freeMemory() },
    backends,
    auto: AUTO_CANDIDATES.find((name) => working.has(name)) ?? null,
    images: await checkImageLibrary(),
    runsFolder: checkFolder(runsDir),
    cacheFolder: checkFolder(cacheDir),
  };
}
