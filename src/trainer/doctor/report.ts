/** What this machine can compute with, and what is missing. */
import packageJson from "../../../package.json" with { type: "json" };
import { freeMemory, type Machine, thisMachine } from "../../node/machine.ts";
import type { BackendName } from "../engine/backend.ts";
import { trialApart } from "../engine/backendTrial.ts";
import { BACKEND_NAMES } from "../engine/tryBackend.ts";
import { AUTO_CANDIDATES } from "../engine/wantedBackend.ts";
import { type BackendCheck, backendChecker } from "./backendCheck.ts";
import { checkFolder, type FolderCheck } from "./folders.ts";
import { checkImageLibrary, type ImageLibraryCheck } from "./imageLibrary.ts";
import { checkTorch, type TorchCheck } from "./torchCheck.ts";

/** What this machine is. */
export interface MachineFinding {
  readonly version: string;
  readonly node: { readonly version: string; readonly wanted: string };
  readonly machine: Machine & { readonly platform: string; readonly freeMemoryBytes: number };
}

export interface FoldersFinding {
  readonly runsFolder: FolderCheck;
  readonly cacheFolder: FolderCheck;
}

export interface Verdict {
  /** whether anything can be trained here */
  readonly ok: boolean;
  /** what engine.backend: auto takes; null where nothing works */
  readonly auto: BackendName | "torch" | null;
}

export interface DoctorReport extends MachineFinding, FoldersFinding, Verdict {
  readonly backends: readonly BackendCheck[];
  readonly torch: TorchCheck;
  readonly images: ImageLibraryCheck;
}

/** A part of the report, as it becomes known. `trying` comes before a backend is tried, which takes seconds. */
export type Finding =
  | ({ readonly kind: "machine" } & MachineFinding)
  | ({ readonly kind: "folders" } & FoldersFinding)
  | { readonly kind: "images"; readonly images: ImageLibraryCheck }
  | { readonly kind: "trying"; readonly backend: BackendName | "torch" }
  | { readonly kind: "backend"; readonly backend: BackendCheck }
  | { readonly kind: "torch"; readonly torch: TorchCheck }
  | ({ readonly kind: "verdict" } & Verdict);

export interface Examination {
  /** folder that holds the runs */
  readonly runsDir: string;
  /** folder of decoded images */
  readonly cacheDir: string;
  /** ends it, and the process of the backend that is being tried */
  readonly signal?: AbortSignal;
}

/** Examines the machine: what is known at once first, the verdict last. Ends early where it is asked to. */
export async function* examine({ runsDir, cacheDir, signal }: Examination): AsyncGenerator<Finding> {
  const machine = thisMachine();
  yield {
    kind: "machine",
    version: packageJson.version,
    node: { version: process.versions.node, wanted: packageJson.engines.node },
    machine: { platform: `${process.platform}-${process.arch}`, ...machine, freeMemoryBytes: freeMemory() },
  };
  yield { kind: "folders", runsFolder: checkFolder(runsDir), cacheFolder: checkFolder(cacheDir) };
  yield { kind: "images", images: await checkImageLibrary() };
  const check = backendChecker(machine.cores, (name, threads) => trialApart(name, threads, { signal }));
  const working = new Set<BackendName>();
  for (const name of BACKEND_NAMES) {
    yield { kind: "trying", backend: name };
    const backend = await check(name);
    if (signal?.aborted === true) return;
    if (backend.works) working.add(name);
    yield { kind: "backend", backend };
  }
  yield { kind: "trying", backend: "torch" };
  const torch = await checkTorch(signal).catch((error: unknown) => {
    if (signal?.aborted === true) return null;
    throw error;
  });
  if (torch === null) return;
  yield { kind: "torch", torch };
  const own = AUTO_CANDIDATES.find((name) => working.has(name)) ?? null;
  const auto = torch.works && torch.devices.length > 0 ? "torch" : own;
  yield { kind: "verdict", ok: working.size > 0 || torch.works, auto };
}

/** The findings of a whole examination as one report; null: it ended early. */
export function reportOf(findings: readonly Finding[]): DoctorReport | null {
  const one = <K extends Finding["kind"]>(kind: K) =>
    findings.find((finding): finding is Extract<Finding, { kind: K }> => finding.kind === kind);
  const [machine, folders, images] = [one("machine"), one("folders"), one("images")];
  const [torch, verdict] = [one("torch"), one("verdict")];
  if (machine === undefined || folders === undefined || images === undefined) return null;
  if (torch === undefined || verdict === undefined) return null;
  const backends = findings.flatMap((finding) => (finding.kind === "backend" ? [finding.backend] : []));
  return {
    ok: verdict.ok,
    version: machine.version,
    node: machine.node,
    machine: machine.machine,
    backends,
    torch: torch.torch,
    auto: verdict.auto,
    images: images.images,
    runsFolder: folders.runsFolder,
    cacheFolder: folders.cacheFolder,
  };
}
