import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Compiler } from "../native/compiler.ts";
import { runCommand } from "../vscode/command.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import { stage } from "./stage.ts";
import type { Target } from "./targets.ts";

/** Where packages are written; git ignores it. */
export const VSIX_FOLDER = join(OUT, "vsix");

/** The most that a user should have to download. */
export const LIMIT_BYTES = 60_000_000;

/**
 * Makes the extension's package for one platform.
 * @param programs from buildPrograms; the package's files are laid out in a folder beside it
 * @param compiler of the native backend for that platform; null: the package goes without
 * @returns the .vsix file
 */
export async function packageTarget(
  target: Target,
  programs: string,
  compiler: Compiler | null,
  folder = VSIX_FOLDER,
): Promise<string> {
  const staging = join(dirname(programs), target.name);
  await stage(target, programs, staging, compiler);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `maskdm-studio-${target.name}.vsix`);
  const vsce = join(ROOT, "node_modules/@vscode/vsce/vsce");
  await runCommand(
    process.execPath,
    [
      ...[vsce, "package", "--target", target.name, "--out", file],
      // What belongs in it is settled by stage. Links and pictures of README and CHANGELOG come to lead to the repository, as the
      // pages that show them, the Marketplace's and the editor's own, know no files of the package.
      "--no-dependencies",
    ],
    { cwd: staging },
  );
  return file;
}
