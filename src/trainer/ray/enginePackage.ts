/** The PyTorch engine as a package that a Ray cluster is given: its code is this program's, whatever is installed there. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { torchPackage } from "../torch/torchProgram.ts";
import { type ZipFile, zip } from "./zip.ts";

export interface EnginePackage {
  /** by which Ray keeps it; names what is in it */
  readonly name: string;
  readonly data: Buffer;
}

export function enginePackage(): EnginePackage {
  const data = zip(filesBelow(torchPackage(), "maskdm_torch"));
  const digest = createHash("sha256").update(data).digest("hex").slice(0, 32);
  return { name: `_ray_pkg_${digest}.zip`, data };
}

function filesBelow(root: string, folder: string): ZipFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === "__pycache__" ? [] : filesBelow(root, name);
      return [{ name, data: readFileSync(join(root, name)) }];
    });
}
