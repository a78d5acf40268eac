import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as z from "zod";

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ optionalDependencies: z.record(z.string(), z.string()).default({}) })),
});

/** npm 11 refuses `npm ci` with a lock that leaves out what another platform needs; npm 10 lets it pass. */
it("the lock file names the packages of every platform", () => {
  const lock = lockSchema.parse(
    JSON.parse(readFileSync(new URL("../../../package-lock.json", import.meta.url), "utf8")),
  );
  const missing: string[] = [];
  for (const [path, { optionalDependencies }] of Object.entries(lock.packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      if (!isLocked(lock.packages, path, name)) missing.push(`${path || "package.json"} → ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

/** Whether a package finds a dependency in the lock, looking where Node would. */
function isLocked(packages: Readonly<Record<string, unknown>>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (`${folder === "" ? "" : `${folder}/`}node_modules/${name}` in packages) return true;
    if (!folder.includes("/node_modules/")) return `node_modules/${name}` in packages;
  }
}
