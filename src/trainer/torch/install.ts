/** Installs PyTorch, with the rest that its engine needs, into a virtual environment of a user's. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { parseJson } from "../../core/parseJson.ts";
import { torchName } from "../../core/torch/about.ts";
import { exists } from "../../node/exists.ts";
import { pythonOf } from "../../node/torch/torchFolder.ts";
import { assembleFolder } from "../tools/assembleFolder.ts";
import type { ToolOptions } from "../tools/runTool.ts";
import { type EnvironmentMaker, findMaker } from "./environmentMaker.ts";
import { queryTorch } from "./findTorch.ts";
import { nvidiaDriver } from "./nvidiaDriver.ts";
import { type TorchBuild, torchBuild } from "./torchBuild.ts";
import { torchPackage } from "./torchProgram.ts";

export interface TorchInstallRequest {
  /** see torchFolder */
  readonly folder: string;
  /** told what is being done */
  readonly say: (line: string) => void;
  /** asked once what is to be fetched was said; nothing is fetched where it says no */
  readonly confirm: () => Promise<boolean>;
  /** stops the installation; nothing is left behind then either */
  readonly signal: AbortSignal;
}

/**
 * Installs, unless an installation that works, and uses the card that there is, is there.
 * @returns false where it was not wanted
 * @throws UserError where it cannot be done
 */
export async function installTorch({ folder, say, confirm, signal }: TorchInstallRequest): Promise<boolean> {
  const options: ToolOptions = { cwd: dirname(torchPackage()), signal };
  if (await exists(folder)) {
    const answer = await queryTorch(pythonOf(folder), signal);
    const advice = answer.answered ? (answer.about.problem ?? answer.about.noDevice) : answer;
    if (answer.answered && advice === null) {
      say(`${torchName(answer.about)} is there already: ${folder}`);
      return true;
    }
    say(`What is in ${folder} is to be replaced: ${advice!.reason}.`);
  }
  const { platform, arch } = process;
  const build = torchBuild({ platform, arch, driver: await nvidiaDriver(options) });
  if (build === null) throw new UserError(`There is no PyTorch 2.4 or later for ${platform}-${arch}.`, "failure");
  const maker = await findMaker(options);
  const packages = requirements();
  for (const line of whatIsFetched(build, packages, maker, folder)) say(line);
  if (!(await confirm())) return false;
  const name = await assembleFolder(folder, signal, async (work) => {
    await maker.make(work);
    await fetchTorch(maker, work, build, packages, say);
    const answer = await queryTorch(pythonOf(work), signal);
    const problem = answer.answered ? answer.about.problem : answer;
    if (!answer.answered || problem !== null) {
      throw new UserError(`PyTorch was installed, but does not work: ${problem!.reason}.`, "failure");
    }
    return torchName(answer.about);
  });
  say(`${name} is installed: ${folder}`);
  return true;
}

/** PyTorch first, from the index that has its build, the rest from the usual one. */
async function fetchTorch(
  maker: EnvironmentMaker,
  venv: string,
  build: TorchBuild,
  packages: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const isTorch = (requirement: string): boolean => /^torch\b/.test(requirement);
  say("Fetching PyTorch …");
  try {
    await maker.install(venv, packages.filter(isTorch), build.index);
  } catch (error) {
    if (!(error instanceof UserError) || build.index === null) throw error;
    say(`${error.message}\nFetching PyTorch from the usual index instead …`);
    await maker.install(venv, packages.filter(isTorch), null);
  }
  say("Fetching the rest …");
  await maker.install(
    venv,
    packages.filter((requirement) => !isTorch(requirement)),
    null,
  );
}

function whatIsFetched(
  build: TorchBuild,
  packages: readonly string[],
  maker: EnvironmentMaker,
  folder: string,
): string[] {
  const from = build.index === null ? "the index that it is set to (PyPI, unless you have another)" : build.index;
  const otherwise =
    build.index === null
      ? []
      : [
          "Where that cannot be reached, the usual index's build is taken; on Linux that one brings CUDA's libraries, some 3 GB.",
        ];
  return [
    `To be installed into ${folder}, by ${maker.name}:`,
    `  ${packages.join(", ")}`,
    `  PyTorch in ${build.name}, from ${from}`,
    `  about ${build.download} to download, ${build.disk} on the disk`,
    ...(build.note === null ? [] : [build.note]),
    ...otherwise,
  ];
}

/** What the package needs, as its pyproject.toml says. */
export function requirements(): string[] {
  const text = readFileSync(join(torchPackage(), "pyproject.toml"), "utf8");
  const list = /^dependencies = (\[.*?\])$/ms.exec(text)?.[1]?.replace(/,\s*\]$/, "]");
  return z
    .array(z.string())
    .min(1)
    .parse(parseJson(list ?? ""));
}
