import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { runCommand } from "../vscode/command.ts";
import { CACHE, ROOT } from "../vscode/paths.ts";
import type { RuntimeModule } from "./modules.ts";

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

/**
 * Where a package lies unpacked: installed, or, for another platform's native part, fetched from npm once and kept.
 * @throws Error where package-lock.json does not name it, or what npm gives is not what it names
 */
export async function moduleFolder(module: RuntimeModule): Promise<string> {
  const installed = join(ROOT, "node_modules", module.name);
  if (existsSync(join(installed, "package.json"))) return installed;
  if (!module.foreign) throw new Error(`${module.name} is not installed; run: npm ci`);
  return fetchModule(module.name);
}

async function fetchModule(name: string): Promise<string> {
  const lock = lockSchema.parse(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")));
  const locked = lock.packages[`node_modules/${name}`];
  if (!locked?.version || !locked.integrity) throw new Error(`package-lock.json does not name ${name}`);
  const folder = join(CACHE, "modules", `${name.replace("/", "+")}-${locked.version}`);
  if (existsSync(folder)) return folder;
  await mkdir(join(CACHE, "modules"), { recursive: true });
  const fetching = await mkdtemp(join(CACHE, "modules/fetching-"));
  try {
    const spec = `${name}@${locked.version}`;
    const packed = await runCommand("npm", ["pack", "--silent", "--ignore-scripts", spec], { cwd: fetching });
    const file = packed.trim().split("\n").at(-1)?.trim() ?? "";
    checkIntegrity(join(fetching, file), locked.integrity, spec);
    await runCommand("tar", ["-xzf", file], { cwd: fetching });
    await rename(join(fetching, "package"), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another run was faster
    });
  } finally {
    await rm(fetching, { recursive: true, force: true });
  }
  return folder;
}

function checkIntegrity(file: string, integrity: string, spec: string): void {
  const [algorithm = "", expected] = integrity.split(/-(.*)/s);
  const found = createHash(algorithm).update(readFileSync(file)).digest("base64");
  if (found !== expected) throw new Error(`${spec} from npm is not the one that package-lock.json names`);
}
