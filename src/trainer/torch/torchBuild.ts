/** Which of PyTorch's builds suits a machine, and how large it is. */

export interface TorchBuild {
  /** for people */
  readonly name: string;
  /** index that has it; null: the one that pip or uv is set to, PyPI in most cases */
  readonly index: string | null;
  /** about, with what it needs */
  readonly download: string;
  readonly disk: string;
  /** why not a better one */
  readonly note: string | null;
}

export interface TorchMachine {
  /** as Node calls them */
  readonly platform: string;
  readonly arch: string;
  /** version of NVIDIA's driver, such as "550.54.15"; null: there is no such card, or no driver */
  readonly driver: string | null;
}

const PYTORCH = "https://download.pytorch.org/whl";
// The wheel of 2.13.0 for Linux has 192 MB, unpacked 0.7 GB with the rest; with CUDA's libraries those of PyPI come to some 3 GB.
const WITHOUT_CUDA = { download: "0.3 GB", disk: "1 GB" };
const WITH_CUDA = { download: "3 GB", disk: "7 GB" };

const major = (version: string): number => Number.parseInt(version, 10);

/** The CUDA of a build that a driver can do with, the newest first (NVIDIA, CUDA compatibility: minor versions count as one). */
const CUDA_BY_DRIVER = [
  { driver: 580, name: "CUDA 13.0", folder: "cu130" },
  { driver: 525, name: "CUDA 12.6", folder: "cu126" },
  { driver: 450, name: "CUDA 11.8", folder: "cu118" },
] as const;

/** @returns null where PyTorch 2.4 and later has no build for the machine */
export function torchBuild({ platform, arch, driver }: TorchMachine): TorchBuild | null {
  if (platform === "darwin") {
    if (arch !== "arm64") return null;
    return { name: "the build for Macs", index: null, ...WITHOUT_CUDA, note: null };
  }
  if (!["linux", "win32"].includes(platform) || !["x64", "arm64"].includes(arch)) return null;
  const cpu = {
    name: "the build for the processor",
    // PyPI's wheels for Linux bring CUDA along.
    index: platform === "linux" ? `${PYTORCH}/cpu` : null,
    ...WITHOUT_CUDA,
  };
  if (driver === null) return { ...cpu, note: null };
  const cuda = CUDA_BY_DRIVER.find(({ driver: least }) => major(driver) >= least);
  if (cuda === undefined) {
    const note = `NVIDIA's driver ${driver} is too old for every PyTorch from 2.4 on. Update it to 525 or later to train on the card.`;
    return { ...cpu, note };
  }
  return { name: `the build with ${cuda.name}`, index: `${PYTORCH}/${cuda.folder}`, ...WITH_CUDA, note: null };
}
