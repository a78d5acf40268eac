import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cgroupLimits } from "../../../src/node/cgroup.ts";

const GiB = 2 ** 30;
const NONE = { memoryBytes: Number.POSITIVE_INFINITY, processors: Number.POSITIVE_INFINITY };
/** What version 1 writes where there is no limit. */
const UNLIMITED = "9223372036854771712\n";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maskdm-cgroup-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const v1 = (controller: string, top = "/", mountPoint = `/sys/fs/cgroup/${controller}`) =>
  `31 24 0:27 ${top} ${mountPoint} rw,nosuid shared:9 - cgroup cgroup rw,${controller}\n`;

describe("version 2", () => {
  test("the limits of the process's own group", () => {
    write({
      "proc/self/cgroup": "0::/user.slice/job\n",
      "proc/self/mountinfo": V2,
      "sys/fs/cgroup/user.slice/job/memory.max": `${1.5 * GiB}\n`,
      "sys/fs/cgroup/user.slice/job/cpu.max": "250000 100000\n",
    });
    expect(cgroupLimits(root)).toEqual({ memoryBytes: 1.5 * GiB, processors: 2.5 });
  });

  test("a group has no more than those it lies in, and memory.high counts, too", () => {
    write({
      "proc/self/cgroup": "0::/a/b/c\n",
      "proc/self/mountinfo": V2,
      "sys/fs/cgroup/a/memory.max": `${4 * GiB}\n`,
      "sys/fs/cgroup/a/memory.high": `${3 * GiB}\n`,
      "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
      "sys/fs/cgroup/a/b/memory.max": "max\n",
      "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
      "sys/fs/cgroup/a/b/c/memory.max": `${8 * GiB}\n`,
    });
    expect(cgroupLimits(root)).toEqual({ memoryBytes: 3 * GiB, processors: 0.5 });
  });

  test("in a container, whose own group is the top", () => {
    write({
      "proc/self/cgroup": "0::/\n",
      "proc/self/mountinfo": V2,
      "sys/fs/cgroup/memory.max": `${2 * GiB}\n`,
      "sys/fs/cgroup/cpu.max": "100000\n",
    });
    expect(cgroupLimits(root)).toEqual({ memoryBytes: 2 * GiB, processors: 1 });
  });

  test("no limit where nothing is said", () => {
    write({
      "proc/self/cgroup": "0::/a\n",
      "proc/self/mountinfo": V2,
      "sys/fs/cgroup/a/memory.max": "max\n",
      "sys/fs/cgroup/a/cpu.max": "max 100000\n",
    });
    expect(cgroupLimits(root)).toEqual(NONE);
  });
});

describe("version 1", () => {
  test("each controller has a hierarchy of its own", () => {
    write({
      "proc/self/cgroup": "4:memory:/jobs/1\n3:cpuset:/\n2:cpu,cpuacct:/batch\n0::/elsewhere\n",
      "proc/self/mountinfo": v1("memory") + v1("cpu,cpuacct") + v1("cpuset"),
      "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED,
      "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": `${GiB}\n`,
      "sys/fs/cgroup/memory/jobs/1/memory.limit_in_bytes": UNLIMITED,
      "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us": "300000\n",
      "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    });
    expect(cgroupLimits(root)).toEqual({ memoryBytes: GiB, processors: 3 });
  });

  test("in a container the mount begins at the group, which is named as on the host", () => {
    write({
      "proc/self/cgroup": "4:memory:/docker/0f3a/inner\n",
      "proc/self/mountinfo": v1("memory", "/docker/0f3a", "/sys/fs/cgroup/with\\040space"),
      "sys/fs/cgroup/with space/memory.limit_in_bytes": `${2 * GiB}\n`,
      "sys/fs/cgroup/with space/inner/memory.limit_in_bytes": `${GiB}\n`,
    });
    expect(cgroupLimits(root)).toEqual({ ...NONE, memoryBytes: GiB });
  });

  test("a group that cannot be seen from here: that of the mount counts", () => {
    write({
      "proc/self/cgroup": "4:memory:/../other\n",
      "proc/self/mountinfo": v1("memory"),
      "sys/fs/cgroup/memory/memory.limit_in_bytes": `${GiB}\n`,
    });
    expect(cgroupLimits(root)).toEqual({ ...NONE, memoryBytes: GiB });
  });
});

test("a system without control groups has no such limits", () => {
  expect(cgroupLimits(root)).toEqual(NONE);
});
