/** What control groups (containers, systemd units, batch systems) allow this process on Linux, in version 1 and 2. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface CgroupLimits {
  /** infinity: no limit */
  readonly memoryBytes: number;
  /** processors' worth of time, which need not be whole; infinity: no limit */
  readonly processors: number;
}

/** A hierarchy of control groups: where it is mounted, which group the mount shows at its top, and which group this process is in. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  readonly top: string;
  readonly group: string;
}

/**
 * A group cannot have more than those it lies in, so the lowest limit on the way to the top counts.
 * @param root where /proc and /sys are looked for
 */
export function cgroupLimits(root = "/"): CgroupLimits {
  return {
    memoryBytes: lowest(groupFolders(root, "memory"), memoryOf),
    processors: lowest(groupFolders(root, "cpu"), processorsOf),
  };
}

interface GroupFolder {
  readonly version: 1 | 2;
  readonly path: string;
}

const lowest = (folders: readonly GroupFolder[], limitOf: (folder: GroupFolder) => number): number =>
  folders.reduce((limit, folder) => Math.min(limit, limitOf(folder)), Number.POSITIVE_INFINITY);

/** memory.high is where the system begins to hold a process up until it has given memory back. */
function memoryOf({ version, path }: GroupFolder): number {
  const files = version === 2 ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"];
  return Math.min(...files.map((file) => positive(readText(join(path, file)))));
}

function processorsOf({ version, path }: GroupFolder): number {
  if (version === 2) {
    const [quota, period] = readText(join(path, "cpu.max")).split(" ");
    return positive(quota) / positive(period, 100_000);
  }
  return positive(readText(join(path, "cpu.cfs_quota_us"))) / positive(readText(join(path, "cpu.cfs_period_us")), 1);
}

/** "max", -1 and what cannot be read are no limit. */
function positive(text: string | undefined, otherwise = Number.POSITIVE_INFINITY): number {
  const value = Number((text ?? "").trim() || Number.NaN);
  return value > 0 && Number.isFinite(value) ? value : otherwise;
}

/** Folders of the group that this process is in as to a controller, and of those that it lies in. */
function groupFolders(root: string, controller: string): GroupFolder[] {
  const hierarchies = hierarchiesOf(root, controller);
  return hierarchies.flatMap(({ version, mountPoint, top, group }) => {
    // In a container the mount may begin at the container's own group, whose name is that of the host.
    const below = group === top || group.startsWith(top === "/" ? top : `${top}/`) ? group.slice(top.length) : group;
    const names = below.split("/").filter((name) => name !== "" && name !== "..");
    return Array.from({ length: names.length + 1 }, (_, depth) => ({
      version,
      path: join(root, mountPoint, ...names.slice(0, depth)),
    }));
  });
}

function hierarchiesOf(root: string, controller: string): Hierarchy[] {
  const groups = readText(join(root, "proc/self/cgroup"))
    .split("\n")
    .flatMap((line): [string[], string][] => {
      const [, controllers, group] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      return controllers === undefined || group === undefined ? [] : [[controllers.split(","), group]];
    });
  return readText(join(root, "proc/self/mountinfo"))
    .split("\n")
    .flatMap((line): Hierarchy[] => {
      const [before = "", after = ""] = line.split(" - ");
      const [, , , top, mountPoint] = before.split(" ").map(decodeOctal);
      const [type, , options = ""] = after.split(" ");
      if (top === undefined || mountPoint === undefined) return [];
      const version = type === "cgroup2" ? 2 : type === "cgroup" && options.split(",").includes(controller) ? 1 : null;
      const found = groups.find(([controllers]) => controllers.includes(version === 2 ? "" : controller));
      return version === null || found === undefined ? [] : [{ version, mountPoint, top, group: found[1] }];
    });
}

/** The system writes spaces and the like as \040. */
const decodeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Empty where there is no such file, as on other systems. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
