import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import * as z from "zod";
import { ADDON_FOLDER } from "../../src/trainer/engine/native/addonFile.ts";
import { buildNative } from "../native/buildNative.ts";
import type { Compiler } from "../native/compiler.ts";
import { runCommand } from "../vscode/command.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import { moduleFolder } from "./moduleFolder.ts";
import { isTaken, runtimeModules } from "./modules.ts";
import { bundledPackages, noticesOf } from "./notices.ts";
import type { Target } from "./targets.ts";

/** What is laid out besides the built programs and the run-time modules; .vscodeignore says what of it is not packed. */
const FILES = [".vscodeignore", "README.md", "CHANGELOG.md", "LICENSE", "media", "examples", "docs", "src/torch"];

/** What of package.json is for building and publishing to npm only. */
const BUILD_FIELDS = ["scripts", "files", "bin", "dependencies", "devDependencies", "optionalDependencies", "private"];

/** Builds all programs into a folder, without source maps, with the licences of what they contain. */
export async function buildPrograms(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await runCommand(process.execPath, ["esbuild.config.mjs", folder], { cwd: ROOT });
  const packages = new Set<string>();
  for (const path of await filesOf(folder)) {
    if (path.endsWith(".map")) {
      for (const name of bundledPackages(await readFile(join(folder, path), "utf8"))) packages.add(name);
      await rm(join(folder, path));
    } else if (/\.(js|cjs|css)$/.test(path)) {
      const text = await readFile(join(folder, path), "utf8");
      const comment = /\n(\/\/# sourceMappingURL=.*|\/\*# sourceMappingURL=.* \*\/)\n?$/;
      await writeFile(join(folder, path), text.replace(comment, "\n"));
    }
  }
  await writeFile(join(folder, "ThirdPartyNotices.txt"), noticesOf(packages));
}

/**
 * Lays out the files of an extension for one platform, as they are to lie on a user's disk.
 * @param programs from buildPrograms
 * @param compiler of the native backend for that platform; null: it goes without
 */
export async function stage(
  target: Target,
  programs: string,
  folder: string,
  compiler: Compiler | null,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(programs, join(folder, "dist"), { recursive: true });
  for (const path of await repositoryFiles(FILES)) await copyFile(join(ROOT, path), join(folder, path));
  // Beside the programs that load them: vsce packs a node_modules at the root only with npm's view of what belongs there.
  for (const module of runtimeModules(target)) {
    const from = await moduleFolder(module);
    for (const path of await filesOf(from)) {
      if (isTaken(module, path)) await copyFile(join(from, path), join(folder, "dist/node_modules", module.name, path));
    }
  }
  if (compiler) {
    const { file } = await buildNative(target, compiler, join(OUT, "native", target.name));
    await copyFile(file, join(folder, "dist", ADDON_FOLDER, basename(file)));
  }
  await writeFile(join(folder, "package.json"), `${JSON.stringify(shippedManifest(), null, 2)}\n`);
}

function shippedManifest(): Record<string, unknown> {
  const manifest = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
  return Object.fromEntries(Object.entries(manifest).filter(([field]) => !BUILD_FIELDS.includes(field)));
}

/** The files that git has or would take: caches and runs that lie among the examples are no part of them. */
async function repositoryFiles(paths: readonly string[]): Promise<string[]> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...paths];
  const files = (await runCommand("git", list, { cwd: ROOT })).split("\0");
  return files.filter((path) => path !== "" && existsSync(join(ROOT, path)));
}

async function copyFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
}

/** The files in a folder, with slashes, relative to it. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll(sep, "/"));
}
